package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Commit and rebase change a disk that lies in several files: every I/O of every file fails once,
 * and the power of all of them goes before every I/O.
 */
final class ChainFaultTest {

  private static final long SEED = Long.getLong("drover.seed", 20261122);

  @SuppressWarnings("unused") // by its name, below
  private static final List<String> CHAINS = Chain.NAMES;

  /** The files that a verb changes, which fail and lose power together. */
  private static final class Rig {
    private final Chain chain;
    private final Map<String, CrashingBlockFile> disks = new LinkedHashMap<>();
    private final Map<String, BlockFile> files;
    private final AtomicLong ios = new AtomicLong();

    /**
     * @param once whether only that I/O fails, or the power goes with it
     */
    Rig(Chain chain, long failing, boolean once, Failure how) {
      this.chain = chain;
      this.files = new LinkedHashMap<>(chain.with(Map.of()));
      for (String name : chain.changed()) {
        CrashingBlockFile disk = CrashingBlockFile.of(chain.files().get(name));
        disks.put(name, disk);
        FailingBlockFile file = new FailingBlockFile(disk);
        file.failEvery(
            _ -> {
              long number = ios.incrementAndGet();
              return once ? number == failing : number >= failing;
            },
            how);
        files.put(name, file);
      }
    }

    boolean run() {
      try {
        chain.verb().run(files);
        return true;
      } catch (IOException e) {
        return false; // the injected one, or the power is gone
      }
    }

    /** What the cut leaves: nothing or all that was unsynced of each file, and any part of it. */
    List<Map<String, MemoryBlockFile>> cuts(Random random) {
      List<Map<String, MemoryBlockFile>> states = new ArrayList<>();
      for (int choice = 0; choice < (1 << disks.size()) + 1; choice++) {
        Map<String, MemoryBlockFile> left = new LinkedHashMap<>();
        int bit = 1;
        for (Map.Entry<String, CrashingBlockFile> disk : disks.entrySet()) {
          Survival survival =
              choice >= 1 << disks.size()
                  ? Survival.random(random)
                  : (choice & bit) == 0 ? Survival.NOTHING : Survival.EVERYTHING;
          left.put(disk.getKey(), disk.getValue().crash(survival));
          bit <<= 1;
        }
        states.add(left);
      }
      return states;
    }
  }

  private static long ios(Chain chain) {
    Rig rig = new Rig(chain, Long.MAX_VALUE, false, Failure.EIO);
    if (!rig.run()) {
      throw new AssertionError("it fails although nothing does");
    }
    return rig.ios.get();
  }

  @ParameterizedTest
  @FieldSource("CHAINS")
  void theDiskStaysTheSameWhereverThePowerGoes(String name) throws IOException {
    cutEach(name);
  }

  static void cutEach(String name) throws IOException {
    Chain chain = Chain.make(name);
    Random random = new Random(SEED);
    long ios = ios(chain);
    for (long n = 1; n <= ios + 1; n++) {
      Rig rig = new Rig(chain, n, false, Failure.EIO);
      boolean done = rig.run();
      int state = 0;
      for (Map<String, MemoryBlockFile> left : rig.cuts(random)) {
        judge(chain, left, done, "cut before I/O %d, state %d".formatted(n, state++));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("CHAINS")
  void aFailedIoCostsNothingButDoingItAgain(String name) throws IOException {
    failEach(name);
  }

  static void failEach(String name) throws IOException {
    Chain chain = Chain.make(name);
    long ios = ios(chain);
    for (Failure how : Failure.values()) {
      for (long n = 1; n <= ios; n += how == Failure.EIO ? 1 : 17) {
        Rig rig = new Rig(chain, n, true, how);
        String where = "I/O %d %s".formatted(n, how);
        if (!rig.run()) {
          judge(chain, rig.cuts(new Random(SEED)).getFirst(), false, where);
          rig.run();
        }
        judge(chain, rig.cuts(new Random(SEED)).getFirst(), true, where + ", again");
      }
    }
  }

  private static void judge(
      Chain chain, Map<String, MemoryBlockFile> left, boolean done, String where) {
    try {
      chain.judge(left, done);
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(where + ", seed " + SEED, e);
    }
  }
}
