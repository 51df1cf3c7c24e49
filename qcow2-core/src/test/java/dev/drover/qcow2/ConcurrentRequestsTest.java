package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Two to four requesters with random programs on overlapping clusters; at each I/O and each wait a
 * seed says who goes on. A third of the runs meets failures, a third a power cut. Replay one with
 * {@code -Ddrover.seed=N -Ddrover.runs=1}.
 */
final class ConcurrentRequestsTest {

  private static final long SEED = Long.getLong("drover.seed", 20261122);
  private static final int RUNS = Integer.getInteger("drover.runs", 1000);

  private final MemoryBlockFile[] images;

  ConcurrentRequestsTest() throws IOException {
    images =
        new MemoryBlockFile[] {
          RequestImages.empty(), RequestImages.owned(), RequestImages.shared()
        };
  }

  @Test
  void everySeedLeavesWhatSomeOrderOfItsRequestsExplains() {
    long ios = 0;
    int cuts = 0;
    int faults = 0;
    for (int i = 0; i < RUNS; i++) {
      long seed = SEED + i;
      try {
        Run run = new Run(seed);
        run.run();
        ios += run.ios;
        cuts += run.cuts;
        faults += run.faults;
      } catch (Exception | AssertionError e) {
        throw new AssertionError("-Ddrover.seed=" + seed + " -Ddrover.runs=1", e);
      }
    }
    System.out.printf(
        "requests: %d interleavings of %d I/Os, %d failures, %d crash states, seed %d%n",
        RUNS, ios, faults, cuts, SEED);
    assertTrue(RUNS < 10 || cuts > 0 && faults > 0);
  }

  private final class Run {
    private final SplittableRandom random;
    private final MemoryBlockFile image;
    private final List<List<Request>> programs = new ArrayList<>();
    private long ios;
    private int cuts;
    private int faults;

    Run(long seed) {
      random = new SplittableRandom(seed);
      image = images[random.nextInt(images.length)];
      RequestPrograms made = new RequestPrograms(random);
      int requesters = 2 + random.nextInt(3);
      for (int i = 0; i < requesters; i++) {
        programs.add(made.program(2 + random.nextInt(6), i == 0));
      }
    }

    void run() throws Exception {
      long choices = random.nextLong();
      int kind = random.nextInt(3);
      RequestRig rig = rig(choices);
      if (kind == 0) {
        rig.run(programs).judgeClosed();
        ios = rig.ios();
        return;
      }
      long before = rig.ios();
      rig.run(programs);
      ios = rig.ios();
      long during = Math.max(1, ios - before);
      if (kind == 1) {
        faults = 1 + random.nextInt(3);
        rig = rig(choices);
        for (int i = 0; i < faults; i++) {
          Failure how = Failure.values()[random.nextInt(Failure.values().length)];
          rig.failAt(1 + random.nextLong(during), how);
        }
        rig.run(programs).judgeClosed();
      } else {
        rig = rig(choices).cutAt(1 + random.nextLong(during)).run(programs);
        cuts = 4;
        rig.judgeCut(Survival.NOTHING);
        rig.judgeCut(Survival.EVERYTHING);
        rig.judgeCut(Survival.random(random));
        rig.judgeCut(Survival.random(random));
      }
    }

    /** The same image and the same choices, as far as nothing else differs. */
    private RequestRig rig(long choices) throws IOException {
      SplittableRandom chosen = new SplittableRandom(choices);
      return new RequestRig(image, (alternatives, _) -> chosen.nextInt(alternatives));
    }
  }
}
