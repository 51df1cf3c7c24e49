package dev.drover.applier;

import static dev.drover.applier.Journals.snapshot;
import static dev.drover.applier.Journals.write;
import static dev.drover.applier.Journals.zero;

import dev.drover.journal.Intent;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** Intents that reach every branch of a write path: seeded. */
final class Workloads {

  private static final int CLUSTER = EngineRig.CLUSTER;

  /** Short, and yet: new tables, fill, overwrite, discard, two L2 tables in one write. */
  private static final List<Intent> STORY =
      List.of(
          write(100, 5000, 1),
          write(512 * (long) CLUSTER - 6000, 12000, 2),
          write(0, 3 * CLUSTER, 3),
          new Intent.Mark("m"),
          zero(CLUSTER, 2 * CLUSTER),
          write(CLUSTER + 10, 20, 4),
          new Intent.Flush(),
          write(40 * CLUSTER, 20 * CLUSTER, 5),
          zero(50 * CLUSTER + 5, 3 * CLUSTER),
          write(45 * CLUSTER, CLUSTER, 6));

  private Workloads() {}

  /** A rig with the story in its journal, to be applied in small batches. */
  static EngineRig story() {
    EngineRig rig = new EngineRig();
    rig.limits = new BatchLimits(32 << 10, 3, 16, 256 << 10);
    STORY.forEach(rig::append);
    return rig;
  }

  /** The story with a snapshot in the middle, and what is copied on write after it. */
  static EngineRig snapshotStory() {
    EngineRig rig = new EngineRig();
    rig.limits = new BatchLimits(32 << 10, 3, 16, 256 << 10);
    return rig.append(
        write(100, 5000, 1),
        write(512 * (long) CLUSTER - 6000, 12000, 2),
        snapshot(1, "s"),
        write(200, 50, 3),
        zero(0, CLUSTER),
        write(30 * CLUSTER, 5 * CLUSTER, 4));
  }

  /** Snapshots deleted and reverted to, the disk grown and shrunk. */
  static EngineRig structureStory() {
    EngineRig rig = new EngineRig();
    rig.limits = new BatchLimits(32 << 10, 3, 16, 256 << 10);
    long size = EngineRig.SIZE;
    return rig.append(
        write(100, 5000, 1),
        write(size - 100, 100, 2),
        snapshot(1, "s"),
        write(200, 5000, 3),
        snapshot(2, "t"),
        new Intent.SnapshotRevert(new UUID(7, 1), "s"),
        write(300, 10, 4),
        new Intent.SnapshotDelete(new UUID(7, 1), "s"),
        new Intent.Resize(size + (1 << 20)),
        write(size - 50, 5000, 5),
        new Intent.Resize(size - CLUSTER),
        new Intent.SnapshotDelete(new UUID(7, 9), "never"),
        write(30 * CLUSTER, 5 * CLUSTER, 6));
  }

  /** Two writers, one after the other; late records of the first one are void. */
  static EngineRig takeoverStory() {
    EngineRig rig = new EngineRig();
    rig.limits = new BatchLimits(32 << 10, 3, 16, 256 << 10);
    rig.append(write(100, 5000, 1), write(0, 3 * CLUSTER, 2));
    rig.takeOver();
    return rig.append(write(200, 50, 3), zero(CLUSTER, CLUSTER), new Intent.Mark("m"));
  }

  static List<Intent> random(Random random, int count) {
    List<Intent> intents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      intents.add(one(random, i));
    }
    return intents;
  }

  private static Intent one(RandomGenerator random, int i) {
    int cluster = EngineRig.CLUSTER;
    int clusters = (int) (EngineRig.SIZE / cluster);
    long at = (long) random.nextInt(clusters - 8) * cluster;
    int value = 1 + i % 250;
    return switch (random.nextInt(16)) {
      case 0 -> new Intent.Flush();
      case 1 -> new Intent.Mark("m" + i);
      case 2 -> new Intent.Heartbeat(false);
      case 3, 4 -> new Intent.Zero(at, (1L + random.nextInt(6)) * cluster, random.nextBoolean());
      case 5 -> new Intent.Zero(at + random.nextInt(cluster), 1 + random.nextInt(9000), false);
      case 6 -> Journals.write(512 * (long) cluster - 6000, 12000, value); // over two L2 tables
      case 7, 8 -> Journals.write(at, cluster, value);
      case 9 -> Journals.write(at, 5 * cluster, value);
      default -> Journals.write(at + random.nextInt(cluster), 1 + random.nextInt(6000), value);
    };
  }
}
