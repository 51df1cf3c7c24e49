package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL among snapshots, reverts and new sizes leaves a replica as one that was never killed. */
@RequiresTools("qemu-img")
final class SnapshotKillIT {
  private static final int KILLS = Integer.getInteger("drover.snapshotKills", 2);
  private static final long SEED = Long.getLong("drover.seed", 77);
  private static final int INTENTS = 300;
  private static final int MIB = 1 << 20;

  @TempDir Path folder;

  private final Random random = new Random(SEED);
  private final Deque<Taken> live = new ArrayDeque<>();
  private long size = 24 * MIB;

  /** A snapshot that lives, and how large the disk was then. */
  private record Taken(UUID id, long size) {}

  @Test
  void aReplicaKilledAmongSnapshotsEndsAsOneThatWasNot() throws Exception {
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      drover.ok("volume", "create", "v", "--size", size);
      journal(drover);
      Path fresh = drover.file("fresh.qcow2");
      drover.ok("apply", "v", "--image", fresh, "--until", "end");
      int killed = 0;
      for (int number = 0; killed < KILLS; number++) {
        assertTrue(number < 3 * KILLS, "only " + killed + " were killed at work");
        Path image = drover.file("killed-" + number + ".qcow2");
        while (killed < KILLS && isKilledAtWork(drover, image)) {
          killed++;
          try (HostFile file = HostFile.openForReading(image)) {
            ImageJudge.neverUndercounted(file);
          }
        }
        endsAs(drover, fresh, image);
      }
    }
  }

  private static void endsAs(Drover drover, Path fresh, Path killed) throws IOException {
    drover.ok("apply", "v", "--image", killed, "--until", "end");
    assertCleanForQemu(killed);
    assertIdenticalForQemu(fresh, "qcow2", killed);
    List<String> snapshots = snapshots(fresh);
    assertEquals(snapshots, snapshots(killed), "seed " + SEED);
    assertTrue(snapshots.size() > 1, snapshots.toString());
    for (String snapshot : snapshots) {
      drover.call("verify", fresh, killed, "--snapshot", snapshot).expect(0);
    }
  }

  /** False if it had come to the end before. */
  private boolean isKilledAtWork(Drover drover, Path image) throws IOException {
    long before = Files.exists(image) ? Files.getLastModifiedTime(image).toMillis() : -1;
    DroverProcess applier = drover.start("apply", "v", "--image", image, "--until", "end");
    Await.until(
        Duration.ofSeconds(60),
        () -> isWritten(image, before) || !applier.isAlive(),
        () -> "the applier does not begin\n" + applier.said());
    Await.pause(Duration.ofMillis(20 + random.nextInt(300)));
    boolean atWork = applier.isAlive();
    applier.kill();
    return atWork;
  }

  private static boolean isWritten(Path image, long before) {
    try {
      return Files.exists(image) && Files.getLastModifiedTime(image).toMillis() != before;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A journal with a change of structure every few writes, by a writer without an image. */
  private void journal(Drover drover) throws Exception {
    KafkaSettings settings = EmbeddedKafka.shared().settings(drover.prefix());
    VolumeDescriptor volume;
    try (KafkaRegistry registry = new KafkaRegistry(settings)) {
      volume = registry.volume("v").orElseThrow();
    }
    WriterIdentity me = new WriterIdentity("test", Intent.Epoch.NO_IMAGE, "");
    try (IntentSink sink = KafkaIntentSink.open(settings, volume, me, false, Clock.systemUTC())) {
      for (int i = 1; i < INTENTS; i++) {
        sink.append(next(i));
      }
      sink.append(new Intent.Flush()).get();
    }
  }

  private Intent next(int i) {
    if (i % 12 != 0) {
      byte[] bytes = new byte[512 * (1 + random.nextInt(200))];
      random.nextBytes(bytes);
      long sectors = (size - bytes.length) / 512;
      return new Intent.Write(512 * random.nextLong(sectors), ByteBuffer.wrap(bytes));
    }
    return switch (random.nextInt(live.size() < 2 ? 1 : 4)) {
      case 0 -> {
        live.add(new Taken(new UUID(SEED, i), size));
        yield new Intent.SnapshotCreate(live.getLast().id(), "s" + i);
      }
      case 1 -> new Intent.SnapshotDelete(live.removeFirst().id(), "gone");
      case 2 -> {
        size = live.getFirst().size();
        yield new Intent.SnapshotRevert(live.getFirst().id(), "back");
      }
      default -> {
        size = (20L + random.nextInt(20)) * MIB;
        yield new Intent.Resize(size);
      }
    };
  }

  private static List<String> snapshots(Path path) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForReading(path), true)) {
      return image.snapshots().stream().map(SnapshotInfo::name).toList();
    }
  }
}
