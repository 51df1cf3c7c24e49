package dev.drover.applier;

import dev.drover.journal.Intent;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/** Intents that reach every branch of a write path: seeded. */
final class Workloads {

  private Workloads() {}

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
