package dev.drover.system.command;

import dev.drover.nbd.client.NbdClient;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.kafka.KafkaContainer;

/** The broker people run, as they run it: the public image, started by Testcontainers. */
@RequiresTools("docker")
final class ContainerBrokerIT {

  @TempDir Path folder;

  @BeforeAll
  static void requireImage() {
    DockerImages.requireForTestcontainers(DockerImages.KAFKA);
  }

  @Test
  void aWriteReachesAReplicaThroughABrokerInAContainer() throws IOException {
    try (KafkaContainer kafka = new KafkaContainer(DockerImages.KAFKA)) {
      kafka.start();
      try (Drover drover = new Drover(kafka.getBootstrapServers(), "container", folder)) {
        drover.ok("volume", "create", "c", "--size", "8M");
        Path served = drover.file("gateway.qcow2");
        Drover.Gateway gateway = drover.serve("c", served);
        byte[] content = new byte[1 << 20];
        new Random(4).nextBytes(content);
        try (NbdClient guest = NbdClient.connect(URI.create(gateway.uri()))) {
          NbdClient.await(guest.write(12345, ByteBuffer.wrap(content), true));
        }
        gateway.process().stop();
        Path replica = drover.file("replica.qcow2");
        drover.ok("apply", "c", "--image", replica, "--until", "end");
        drover.ok("apply", "c", "--image", served, "--until", "end");
        drover.run("verify", served, replica).expect(0);
        drover.run("image", "check", replica).expect(0);
      }
    }
  }
}
