package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.LongSet;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

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
  void afterCut(Stored left, long hash, Expected expected) throws IOException {
    boolean closer =
        Long.remainderUnsigned(hash, ONE_IN) == 0 && left.image().length() < SMALL_FILE_BYTES;
    ImageJudge.neverUndercountedByWalk(left.image());
    if (closer) {
      ImageJudge.neverUndercounted(left.image());
      recoveryIsCut(left, hash, expected);
    }
    try (Qcow2Image image = recovered(left)) {
      expected.check(image, closer ? everything : scene.watched());
      scene.requireRawData(image, left);
    }
    if (closer) {
      ImageJudge.settled(left.image());
    } else {
      ImageJudge.settledByCheck(left.image());
    }
    Stored once = left.copy();
    scene.open(left).close();
    if (!left.sameContent(once)) {
      throw new InvariantViolation("I-52", "a second recovery changes the image");
    }
    tally.state();
    if (closer) {
      tally.sample(scene, left.image());
    }
  }

  private Qcow2Image recovered(Stored left) throws IOException {
    try {
      return scene.open(left);
    } catch (Qcow2Exception e) {
      throw new InvariantViolation("I-53", e.getMessage());
    }
  }

  private void recoveryIsCut(Stored left, long seed, Expected expected) throws IOException {
    Disks disks = Disks.of(left.copy());
    seen.clear();
    ObservedBlockFile.Observer observer =
        () -> disks.visit(seen, seed, (again, _) -> recoveredAgain(again, expected));
    Optional<ObservedBlockFile> data =
        disks.data().map(disk -> new ObservedBlockFile(disk, observer));
    scene.open(new ObservedBlockFile(disks.image(), observer), data).close();
  }

  private void recoveredAgain(Stored left, Expected expected) throws IOException {
    ImageJudge.neverUndercountedByWalk(left.image());
    try (Qcow2Image image = scene.open(left)) {
      expected.check(image, scene.watched());
      scene.requireRawData(image, left);
    }
    ImageJudge.settledByCheck(left.image());
    tally.recoveryState();
  }
}
