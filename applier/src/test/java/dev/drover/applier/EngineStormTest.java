package dev.drover.applier;

import dev.drover.applier.MemoryCompensationLog.ProcessDied;
import dev.drover.applier.MemoryCompensationLog.Trouble;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Everything at once, from a seed: guests that write, writers that take over, disks that fail,
 * Kafka that fails, processes that die, power that goes. -Ddrover.storms=N runs more of them,
 * -Ddrover.storm=SEED one.
 */
final class EngineStormTest {

  private static final int STORMS = Integer.getInteger("drover.storms", 25);
  private static final int ROUNDS = 25;

  @Test
  void whateverHappensTheEndIsTheSame() throws IOException {
    Integer one = Integer.getInteger("drover.storm");
    for (int seed = one == null ? 0 : one; seed < (one == null ? STORMS : one + 1); seed++) {
      try {
        storm(seed);
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError("again with -Ddrover.storm=" + seed, e);
      }
    }
  }

  static void storm(int seed) throws IOException {
    Random random = new Random(seed);
    EngineRig rig = new EngineRig();
    rig.limits =
        new BatchLimits(
            8192 << random.nextInt(5), 1 + random.nextInt(20), 2 + random.nextInt(30), 128 << 10);
    rig.journal.setMaxPollRecords(1 + random.nextInt(30));
    List<Intent.SnapshotCreate> snapshots = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      switch (random.nextInt(11)) {
        case 0 -> rig.takeOver();
        case 1, 2 -> rig.append(structural(random, round, snapshots));
        case 3 -> fail(random, rig);
        case 4 -> rig.log.trouble(1 + random.nextInt(6), trouble(random));
        case 5 -> rig.dieAt(1 + random.nextInt(80));
        default -> Workloads.random(random, 1 + random.nextInt(12)).forEach(rig::append);
      }
      live(random, rig, "seed " + seed + ", round " + round);
    }
    rig.file().heal();
    rig.log.heal();
    if (rig.engine() == null) {
      rig.start();
    }
    rig.run();
    rig.assertComplete("seed " + seed);
  }

  /** Never smaller than what the other intents write to. */
  private static Intent structural(
      Random random, int round, List<Intent.SnapshotCreate> snapshots) {
    int which = snapshots.isEmpty() ? 0 : random.nextInt(snapshots.size());
    return switch (snapshots.isEmpty() ? random.nextInt(4) : random.nextInt(6)) {
      case 0, 1 -> new Intent.Resize(EngineRig.SIZE + random.nextInt(3) * (1L << 20));
      case 2, 3 -> {
        snapshots.add(Journals.snapshot(round, "s" + round));
        yield snapshots.getLast();
      }
      case 4 -> new Intent.SnapshotRevert(snapshots.get(which).id(), "s");
      default -> new Intent.SnapshotDelete(snapshots.remove(which).id(), "s");
    };
  }

  private static void fail(Random random, EngineRig rig) {
    Failure[] ways = Failure.values();
    for (int i = random.nextInt(4); i >= 0; i--) {
      rig.file().failAt(1 + random.nextInt(120), ways[random.nextInt(ways.length)]);
    }
  }

  private static Trouble trouble(Random random) {
    return Trouble.values()[random.nextInt(Trouble.values().length)];
  }

  /** Some steps, and perhaps the end of the process or of the power. */
  private static void live(Random random, EngineRig rig, String what) throws IOException {
    try {
      if (rig.engine() == null) {
        rig.start();
      }
      for (int steps = random.nextInt(12); steps > 0; steps--) {
        if (rig.step() == ApplyEngine.Outcome.WAITING) {
          rig.time.advance(Duration.ofSeconds(5));
        } else if (random.nextInt(5) == 0) {
          rig.time.advance(Duration.ofSeconds(3));
        }
      }
      if (random.nextInt(6) == 0) {
        stop(rig);
        rig.restart();
      } else if (random.nextInt(8) == 0) {
        rig.powerCut(Survival.random(random));
        EngineVerdict.afterCut(rig, what);
      }
    } catch (ProcessDied e) {
      if (random.nextBoolean()) {
        rig.restart(); // the next process reads what this one wrote and never synced
      } else {
        rig.powerCut(Survival.random(random));
        EngineVerdict.afterCut(rig, what);
      }
    } catch (JournalException e) {
      throw e;
    } catch (IOException e) {
      rig.restart(); // could not even be opened: an I/O of that failed
    }
  }

  private static void stop(EngineRig rig) {
    try {
      rig.engine().stop();
      if (!rig.engine().isRecovering()) {
        rig.assertNoTrouble("stopped");
      }
    } catch (IOException | ApplierException e) {
      // Could not be settled: the next start recovers it.
    }
  }
}
