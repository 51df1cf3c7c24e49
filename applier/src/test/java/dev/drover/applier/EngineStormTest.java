package dev.drover.applier;

import dev.drover.applier.MemoryCompensationLog.ProcessDied;
import dev.drover.applier.MemoryCompensationLog.Trouble;
import dev.drover.journal.JournalException;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import java.io.IOException;
import java.time.Duration;
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
    int snapshots = 0;
    for (int round = 0; round < ROUNDS; round++) {
      switch (random.nextInt(10)) {
        case 0 -> rig.takeOver();
        case 1 -> rig.append(Journals.snapshot(seed * 100L + round, "s" + snapshots++));
        case 2 -> fail(random, rig);
        case 3 -> rig.log.trouble(1 + random.nextInt(6), trouble(random));
        case 4 -> rig.dieAt(1 + random.nextInt(80));
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
        rig.assertPromiseHeld(what);
      }
    } catch (ProcessDied e) {
      rig.powerCut(random.nextBoolean() ? Survival.random(random) : Survival.EVERYTHING);
      rig.assertPromiseHeld(what);
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
