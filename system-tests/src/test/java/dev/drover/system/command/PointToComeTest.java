package dev.drover.system.command;

import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A point that is still to come is waited for, whatever happens until then. */
@Timeout(180)
final class PointToComeTest {
  /** Longer than a broker may take to answer. */
  private static final Duration OUTAGE = Duration.ofSeconds(13);

  @TempDir Path folder;

  @Test
  void anApplyWaitsForATimeThroughAnOutageOfTheBrokers() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(1);
        InProcess drover = new InProcess(kafka, folder)) {
      drover.ok("volume", "create", "v", "--size", "1M");
      drover.ok("mark", "v", "m");
      Instant point = Instant.now().plusSeconds(20);
      Path image = drover.file("a.qcow2");
      InProcess.Running apply =
          drover.start("apply", "v", "--image", image, "--until", "time:" + point);
      apply.awaitSaid("waits until its point has passed");
      kafka.stopBroker(0);
      Await.pause(OUTAGE);
      kafka.startBroker(0);
      apply.await().expect(0);
      drover.ok("replay", "v", "--output", drover.file("b.qcow2"), "--until", "mark:m");
      drover.ok("verify", image, drover.file("b.qcow2"));
    }
  }
}
