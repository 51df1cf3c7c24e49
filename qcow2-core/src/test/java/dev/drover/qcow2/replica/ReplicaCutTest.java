package dev.drover.qcow2.replica;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The power goes before every I/O of a replica, of its recovery too, and any subset of what was
 * unsynced survives.
 */
final class ReplicaCutTest {

  private static final long SEED = Long.getLong("drover.seed", 20240607);
  private static final boolean EXHAUSTIVE = Boolean.getBoolean("drover.exhaustive");
  private static final int ALL_STATES_UP_TO = EXHAUSTIVE ? 1024 : 16;
  private static final int SAMPLES = EXHAUSTIVE ? 64 : 5;

  private static MemoryBlockFile empty;
  private long states;

  @BeforeAll
  static void makeImage() throws IOException {
    empty = Journals.emptyReplica();
  }

  /** A run that ends before one of its I/Os; what a cut there can leave is asked of the disk. */
  private static CrashingBlockFile cut(
      MemoryBlockFile start, List<Op> journal, boolean punch, long n) {
    CrashingBlockFile disk = CrashingBlockFile.of(start.copy());
    FailingBlockFile file = new FailingBlockFile(disk).failFrom(n, Failure.EIO);
    try {
      MiniEngine.start(file, journal, punch).runToEnd();
    } catch (IOException e) {
      // the power is gone; nothing runs any more
    }
    return disk;
  }

  private static long ios(MemoryBlockFile start, List<Op> journal, boolean punch)
      throws IOException {
    FailingBlockFile file = new FailingBlockFile(CrashingBlockFile.of(start.copy()));
    MiniEngine.start(file, journal, punch).runToEnd();
    return file.ios();
  }

  @Test
  void thePowerGoesBeforeEveryIo() throws IOException {
    Random random = new Random(SEED);
    List<String> words = EXHAUSTIVE ? Journals.exhaustive() : Journals.WORDS;
    for (int w = 0; w < words.size(); w++) {
      cutBeforeEveryIo(words.get(w), w % 2 == 0, random);
    }
    System.out.println("replica: " + states + " crash states, seed " + SEED);
  }

  /** Nobody makes such replicas today; what their file holds for one is the same to the engine. */
  @Test
  void thePowerGoesBeforeEveryIoOnAReplicaWithSubclusters() throws IOException {
    Random random = new Random(SEED);
    MemoryBlockFile start = Journals.emptyReplicaWithSubclusters();
    for (String word : List.of("wzkp", "fsbd", "mtxp")) {
      cutBeforeEveryIo(start, word, false, random);
    }
    System.out.println("replica: " + states + " crash states with subclusters, seed " + SEED);
  }

  void cutBeforeEveryIo(String word, boolean punch, Random random) throws IOException {
    cutBeforeEveryIo(empty, word, punch, random);
  }

  private void cutBeforeEveryIo(MemoryBlockFile start, String word, boolean punch, Random random)
      throws IOException {
    List<Op> journal = Journals.journal(word);
    Set<Integer> seen = new HashSet<>();
    long ios = ios(start, journal, punch);
    for (long n = 1; n <= ios + 1; n++) {
      CrashingBlockFile disk = cut(start, journal, punch, n);
      boolean all = disk.crashStates() <= ALL_STATES_UP_TO;
      for (MemoryBlockFile left : all ? disk.everyCrash() : disk.sampledCrashes(random, SAMPLES)) {
        if (seen.add(Arrays.hashCode(left.bytes()))) {
          String where = "journal %s, cut before I/O %d, punch %s".formatted(word, n, punch);
          judge(where, left, journal, punch);
        }
      }
    }
  }

  @Test
  void thePowerGoesDuringRecoveryToo() throws IOException {
    Random random = new Random(SEED);
    for (String word : List.of("xsx", "fdtgtx", "fspsz")) {
      List<Op> journal = Journals.journal(word);
      long ios = ios(empty, journal, false);
      for (long n = 5; n <= ios; n += EXHAUSTIVE ? 1 : 9) {
        MemoryBlockFile left = cut(empty, journal, false, n).crash(Survival.random(random));
        int recoveryIos = 40;
        for (long m = 1; m <= recoveryIos; m += EXHAUSTIVE ? 1 : 4) {
          CrashingBlockFile again = cut(left, journal, false, m);
          for (MemoryBlockFile twice : again.sampledCrashes(random, 3)) {
            String where = "journal %s, cut before I/O %d, then %d".formatted(word, n, m);
            judge(where, twice, journal, false);
          }
        }
      }
    }
    System.out.println("replica: " + states + " states of two cuts, seed " + SEED);
  }

  /** The next process reads what the first one wrote and never synced. */
  @Test
  void theProcessIsKilledAndThenThePowerGoes() throws IOException {
    killThenCut(false);
    System.out.println("replica: " + states + " states of a kill and a cut, seed " + SEED);
  }

  /** The next process reads what will never become durable, unless it writes it again. */
  @Test
  void aSyncFailsAndTheProcessIsKilledAndThenThePowerGoes() throws IOException {
    killThenCut(true);
    killThenCut("fd", true, false, new Random(SEED), 1, 2); // nobody could be told of it
    System.out.println("replica: " + states + " states of a lost sync and a cut, seed " + SEED);
  }

  private void killThenCut(boolean syncFails) throws IOException {
    Random random = new Random(SEED);
    for (String word : List.of("fsgDp", "fdtgtx", "eSGe")) {
      killThenCut(word, syncFails, syncFails, random, EXHAUSTIVE ? 1 : 9, EXHAUSTIVE ? 1 : 4);
    }
    killThenCut(
        "fd", syncFails, syncFails, random, 1, 2); // around an unlink, no kill may be left out
  }

  void killThenCut(
      String word, boolean syncFails, boolean told, Random random, int step, int secondStep)
      throws IOException {
    Set<Integer> seen = new HashSet<>();
    List<Op> journal = Journals.journal(word);
    long ios = ios(empty, journal, false);
    for (long n = 5; n <= ios; n += step) {
      for (long m = 1; m <= 40; m += secondStep) {
        CrashingBlockFile disk = CrashingBlockFile.of(empty.copy());
        run(disk, journal, false, n, syncFails);
        FailingBlockFile second = new FailingBlockFile(disk).failFrom(m, Failure.EIO);
        run(second, journal, told);
        boolean all = disk.crashStates() <= 4 * ALL_STATES_UP_TO;
        for (MemoryBlockFile left : all ? disk.everyCrash() : disk.sampledCrashes(random, 3)) {
          if (seen.add(Arrays.hashCode(left.bytes()))) {
            String where = "journal %s, killed before I/O %d, cut %d later".formatted(word, n, m);
            judge(where, left, journal, false);
          }
        }
      }
    }
  }

  private static void run(
      CrashingBlockFile disk, List<Op> journal, boolean rewrite, long n, boolean syncFails) {
    FailingBlockFile failing = new FailingBlockFile(disk).failFrom(n, Failure.EIO);
    run(syncFails ? failing : new KilledBlockFile(disk, n), journal, rewrite);
  }

  private static void run(BlockFile file, List<Op> journal, boolean rewrite) {
    try {
      MiniEngine.start(file, journal, false, rewrite).runToEnd();
    } catch (IOException e) {
      // killed, or the power is gone; nothing runs any more
    }
  }

  private void judge(String where, MemoryBlockFile left, List<Op> journal, boolean punch) {
    try {
      ReplicaVerdict.afterCut(left, journal, punch);
      states++;
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(where + ", seed " + SEED, e);
    }
  }
}
