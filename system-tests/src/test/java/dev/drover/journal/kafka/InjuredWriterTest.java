package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.kafka.InjuredLog.Injury;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.applier.GuestDisk;
import dev.drover.system.applier.TestVolume;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A producer fails once, or is not told an offset, with thousands of records behind it: the guest
 * never learns of it, and replicas hold what it was promised.
 */
@RequiresTools("qemu-img")
@Timeout(120)
final class InjuredWriterTest {

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void whatHappensToOneAppendCostsNoneOfThem(Injury injury) throws Exception {
    KafkaSettings settings = EmbeddedKafka.shared().settings(EmbeddedKafka.freshPrefix());
    InjuredLog[] log = new InjuredLog[1];
    TestVolume.WriterOpener opener =
        (with, volume) -> {
          log[0] = new InjuredLog(new KafkaWriterLog(with, volume));
          return KafkaIntentSink.open(
              log[0],
              with,
              volume,
              TestVolume.identity(),
              true,
              JournalRecord.NONE,
              Clock.systemUTC());
        };
    ReplicaOptions options = ReplicaOptions.of(folder.resolve("a.qcow2")).withName("a");
    try (TestVolume volume = new TestVolume(settings, 8 << 20, opener)) {
      GuestDisk disk = new GuestDisk(volume, injury.ordinal());
      try (Replica replica = volume.start(options)) {
        long epoch = volume.sink().epoch();
        for (int time = 0; time < 5; time++) {
          // All forty are in flight: those behind the injured one were never to be seen.
          log[0].injure(injury);
          assertTrue(replica.awaitVisible(disk.write(40) + 1, Duration.ofSeconds(60)));
        }
        assertEquals(5, log[0].happened());
        assertFalse(volume.sink().lost().isDone());
        assertEquals(injury == Injury.UNTOLD_OFFSET, volume.sink().epoch() == epoch, "new epoch");
      }
      volume.stopWriting();
      volume.followToEnd(options);
      disk.assertOn(options.image());
    }
  }
}
