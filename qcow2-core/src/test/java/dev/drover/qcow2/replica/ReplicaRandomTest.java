package dev.drover.qcow2.replica;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Long journals with failures and power cuts wherever the seed puts them. */
final class ReplicaRandomTest {

  /** A cut behind a write that ended within a pointer leaves corruption: docs/crash-table.md. */
  private static final List<Failure> WHOLE =
      List.of(Failure.EIO, Failure.ENOSPC, Failure.EIO_AFTER);

  private static final long SEED = Long.getLong("drover.seed", 1);
  private static final int RUNS = Integer.getInteger("drover.runs", 30);

  private static int cuts;
  private static int failures;

  @Test
  void longJournalsSurviveFailuresAndCuts() throws IOException {
    MemoryBlockFile empty = Journals.emptyReplica();
    for (long seed = SEED; seed < SEED + RUNS; seed++) {
      try {
        run(empty, new Random(seed));
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError("repeat with -Ddrover.runs=1 -Ddrover.seed=" + seed, e);
      }
    }
    System.out.println(
        "replica: %d random runs, %d failures, %d cuts".formatted(RUNS, failures, cuts));
  }

  private static void run(MemoryBlockFile empty, Random random) throws IOException {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      word.append(Journals.LETTERS.charAt(random.nextInt(Journals.LETTERS.length())));
    }
    List<Op> journal = Journals.journal(word.toString());
    MemoryBlockFile start = empty.copy();
    while (true) {
      boolean punch = random.nextBoolean();
      CrashingBlockFile disk = CrashingBlockFile.of(start);
      FailingBlockFile file = new FailingBlockFile(disk).keepEntriesWhole();
      if (runUntilCut(disk, file, journal, punch, random)) {
        ReplicaVerdict.atRest(disk.crash(Survival.NOTHING), journal);
        return;
      }
      cuts++;
      start = disk.crash(Survival.random(random));
      ImageJudge.neverUndercounted(start);
    }
  }

  /** Whether it came to the end; else the power went. */
  private static boolean runUntilCut(
      CrashingBlockFile disk, FailingBlockFile file, List<Op> journal, boolean punch, Random random)
      throws IOException {
    long powerLeft = random.nextInt(600);
    MiniEngine engine;
    try {
      file.failFrom(powerLeft, Failure.EIO);
      engine = MiniEngine.start(file, journal, punch);
    } catch (IOException e) {
      return false;
    }
    while (true) {
      try {
        if (random.nextInt(5) == 0) {
          Failure how = WHOLE.get(random.nextInt(WHOLE.size()));
          file.failAt(1 + random.nextInt(25), how);
        }
        if (engine.isAtEnd()) {
          engine.stop();
          return true;
        }
        engine.step();
      } catch (IOException e) {
        if (file.ios() >= powerLeft) {
          return false;
        }
        failures++;
        if (!mended(engine, file, powerLeft)) {
          return false;
        }
        if (file.ios() < powerLeft) {
          ImageJudge.exact(disk);
          file.heal();
          ReplicaVerdict.oldOrNew(engine, journal);
          file.failFrom(powerLeft - file.ios(), Failure.EIO);
        }
      }
    }
  }

  private static boolean mended(MiniEngine engine, FailingBlockFile file, long powerLeft) {
    while (file.ios() < powerLeft) {
      try {
        engine.mend();
        return true;
      } catch (IOException e) {
        failures++;
      }
    }
    return false;
  }
}
