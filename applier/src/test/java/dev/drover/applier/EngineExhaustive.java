package dev.drover.applier;

import static dev.drover.qcow2.sim.FailingBlockFile.Failure.EIO;

import dev.drover.applier.MemoryCompensationLog.Trouble;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.LongSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Every way for an engine to come to an end in the middle of a story: what is left is recovered by
 * the next one, which has to come to the journal's end with everything in order.
 *
 * <p>A <em>chunk</em> is a story and where its first trouble strikes. A <em>state</em> is a content
 * of the disk together with what Kafka's side holds; in a chunk it is counted, and judged, once.
 *
 * <pre>
 *   CUT        the power goes before every I/O
 *   CUT_TWICE  the power goes before I/O n, and again before every I/O of the next process
 *   FAIL_CUT   I/O n fails, in one way or another, and the power goes before every later one
 *   KILL_CUT   the process is killed before I/O n, the power goes before every I/O of the next one
 *   LOG_CUT    call n of the log fails or is the last, in each way, while a compensation is under
 *              way, and the power goes before every later I/O
 * </pre>
 */
final class EngineExhaustive {

  /** What happens. */
  enum Way {
    CUT,
    CUT_TWICE,
    FAIL_CUT,
    KILL_CUT,
    LOG_CUT
  }

  /**
   * @param first where the first trouble strikes; of {@link Way#CUT} always 0
   */
  record Chunk(Way way, String story, int first) {
    @Override
    public String toString() {
      return way + " " + story + " " + first;
    }
  }

  private static final int CALLS = 10;

  /** Not the short writes: half a pointer is not survived, see docs/crash-table.md. */
  private static final List<Failure> WAYS = List.of(EIO, Failure.ENOSPC, Failure.EIO_AFTER);

  private final int most;
  private final int samples;
  private final int gap;
  private final LongSet seen = new LongSet();
  private long states;

  /**
   * @param most how many combinations of what a cut decides are all judged, once there was no other
   *     trouble before
   * @param samples how many where there are more, or other trouble was before
   * @param gap the second trouble strikes at every {@code gap}-th I/O
   */
  EngineExhaustive(int most, int samples, int gap) {
    this.most = most;
    this.samples = samples;
    this.gap = gap;
  }

  /** Every chunk of a story, the first trouble at every {@code step}-th place. */
  static List<Chunk> chunks(Way way, String story, int step) throws IOException {
    if (way == Way.CUT) {
      return List.of(new Chunk(way, story, 0));
    }
    EngineRig rig = EngineRuns.story(story).get().start();
    rig.run();
    long places = way == Way.LOG_CUT ? CALLS : rig.file().ios();
    List<Chunk> chunks = new ArrayList<>();
    for (int n = 1; n <= places; n += step) {
      chunks.add(new Chunk(way, story, n));
    }
    return chunks;
  }

  /** How many states there are, all of them judged. */
  long explore(Chunk chunk) throws IOException {
    seen.clear();
    states = 0;
    int n = chunk.first();
    switch (chunk.way()) {
      case CUT -> {
        boolean died = true;
        for (int at = 1; died; at++) {
          EngineRig rig = EngineRuns.story(chunk.story()).get();
          died = !rig.dieAt(at).startAndRun();
          judgeAll(rig, most, chunk + ", cut before I/O " + at);
        }
      }
      case CUT_TWICE ->
          thenCut(
              chunk,
              rig -> {
                rig.dieAt(n).startAndRun();
                rig.powerCut(EngineCrashTest.survival(n, 2));
              });
      case FAIL_CUT -> thenCut(chunk, rig -> rig.file().failAt(n, WAYS.get(n % WAYS.size())));
      case KILL_CUT ->
          thenCut(
              chunk,
              rig -> {
                rig.dieAt(n).startAndRun();
                rig.restart();
              });
      case LOG_CUT -> {
        for (Trouble how : Trouble.values()) {
          thenCut(chunk, rig -> logTrouble(rig, n, how));
        }
      }
    }
    return states;
  }

  private static void logTrouble(EngineRig rig, int call, Trouble how) throws IOException {
    rig.log.trouble(call, how);
    rig.file().failNext(io -> io.kind() == Kind.WRITE && io.length() > EngineRig.CLUSTER, EIO);
    if (how == Trouble.DIES_BEFORE || how == Trouble.DIES_AFTER) {
      rig.startAndRun();
      rig.restart();
      rig.log.heal();
    }
  }

  /** What happens before the power goes. */
  private interface Before {
    void happens(EngineRig rig) throws IOException;
  }

  private void thenCut(Chunk chunk, Before first) throws IOException {
    boolean died = true;
    for (int later = 1; died; later += gap) {
      EngineRig rig = EngineRuns.story(chunk.story()).get();
      first.happens(rig);
      died = !runs(rig.dieAt(later));
      judgeAll(rig, samples, chunk + ", cut before I/O " + later);
    }
  }

  /** False: it died on the way. A start whose opening failed is tried once more. */
  private static boolean runs(EngineRig rig) throws IOException {
    try {
      return rig.startAndRun();
    } catch (IOException e) {
      return rig.startAndRun();
    }
  }

  private void judgeAll(EngineRig rig, int all, String what) throws IOException {
    rig.log.heal();
    TornStates.visit(
        rig.disk(),
        seen,
        rig.log.stateHash(),
        all,
        samples,
        left -> {
          EngineRig end = new EngineRig(rig, left);
          try {
            EngineVerdict.afterCut(end, what);
            EngineCrashTest.endsTheSame(end, what);
          } catch (IOException | RuntimeException e) {
            throw new InvariantViolation("I-53", what + ": cannot be recovered", e);
          }
          states++;
        });
  }
}
