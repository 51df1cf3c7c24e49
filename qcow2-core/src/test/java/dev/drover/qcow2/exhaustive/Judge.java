package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.CrashStates;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.LongSet;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.List;

/**
 * What has to hold of every state: opens it, which recovers it, and compares. Of one state in
 * {@link #ONE_IN} the whole disk is read, and its recovery is itself cut after each I/O.
 */
final class Judge {

  private static final int ONE_IN = 1024;

  /** The recovery of a larger file has too many I/Os to cut it after each. */
  private static final long SMALL_FILE_BYTES = 1 << 20;

  private final Scene scene;
  private final List<Scene.Range> everything;
  private final LongSet seen = new LongSet();
  private final Tally tally;

  Judge(Scene scene, Tally tally) {
    this.scene = scene;
    this.everything = scene.everything();
    this.tally = tally;
  }

  /** A power cut has left this. It is recovered in place. */
  void afterCut(MemoryBlockFile left, long hash, Expected expected) throws IOException {
    boolean closer = Long.remainderUnsigned(hash, ONE_IN) == 0 && left.length() < SMALL_FILE_BYTES;
    ImageJudge.neverUndercountedByWalk(left);
    if (closer) {
      ImageJudge.neverUndercounted(left);
      recoveryIsCut(left, hash, expected);
    }
    try (Qcow2Image image = scene.open(left)) {
      expected.check(image, closer ? everything : scene.watched());
    }
    if (closer) {
      ImageJudge.settled(left);
    } else {
      ImageJudge.settledByCheck(left);
    }
    MemoryBlockFile once = left.copy();
    scene.open(left).close();
    if (!left.sameContent(once)) {
      throw new InvariantViolation("I-52", "a second recovery changes the image");
    }
    tally.state();
    if (closer) {
      tally.sample(scene, left);
    }
  }

  private void recoveryIsCut(MemoryBlockFile left, long seed, Expected expected)
      throws IOException {
    CrashingBlockFile disk = CrashingBlockFile.of(left.copy());
    seen.clear();
    ObservedBlockFile observed =
        new ObservedBlockFile(
            disk,
            () ->
                CrashStates.visit(
                    disk,
                    seen,
                    seed,
                    (again, _) -> {
                      ImageJudge.neverUndercountedByWalk(again);
                      try (Qcow2Image image = scene.open(again)) {
                        expected.check(image, scene.watched());
                      }
                      ImageJudge.settledByCheck(again);
                      tally.recoveryState();
                    }));
    scene.open(observed).close();
  }
}
