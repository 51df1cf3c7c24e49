package dev.drover.qcow2;

import dev.drover.qcow2.check.Finding;
import dev.drover.qcow2.check.ReferenceCount;
import dev.drover.qcow2.check.StoredRefcounts;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.util.Optional;

/**
 * What must hold of an image file at any time, and what at rest: by a walk that shares no code with
 * what it judges, and by the check that users have.
 */
public final class ImageJudge {

  private ImageJudge() {}

  /**
   * I-01: what any power cut may leave. No refcount is below the references, nothing overlaps, no
   * cluster is mapped twice; refcounts may be too high, if the image says so (I-16).
   */
  public static void neverUndercounted(BlockFile file) throws IOException {
    neverUndercountedByWalk(file);
    Header header = Header.read(file);
    ReferenceCount counted = ReferenceCount.of(file, header, SnapshotTable.read(file, header));
    for (Finding finding : counted.findings().first()) {
      throw new InvariantViolation("I-01", finding.toString());
    }
    if (counted.active().shared() > 0) {
      throw new InvariantViolation("I-01", "a cluster is mapped twice");
    }
    new StoredRefcounts(file, header)
        .compare(
            counted,
            new StoredRefcounts.Visitor() {
              @Override
              public void differs(long cluster, long stored, long references) {
                if (stored < references) {
                  throw new InvariantViolation(
                      "I-01",
                      "cluster %d has refcount %d and %d references"
                          .formatted(cluster, stored, references));
                }
              }

              @Override
              public void unreadable(long firstCluster, long clusters) {
                throw new InvariantViolation("I-01", "no refcounts from cluster " + firstCluster);
              }
            });
  }

  /** The same by the independent walk alone, for states by the million. */
  public static void neverUndercountedByWalk(BlockFile file) throws IOException {
    ImageWalk walk = ImageWalk.of(file);
    Optional<String> corruption = walk.corruption();
    if (corruption.isPresent()) {
      throw new InvariantViolation("I-01", corruption.get());
    }
    if (!walk.isDirty() && walk.inexactness().isPresent()) {
      throw new InvariantViolation(
          "I-16", "the dirty bit is down, and yet: " + walk.inexactness().get());
    }
  }

  /** No leak, no corruption, no wrong COPIED flag. */
  public static void exact(BlockFile file) throws IOException {
    Optional<String> inexactness = ImageWalk.of(file).inexactness();
    if (inexactness.isPresent()) {
      throw new InvariantViolation("I-50", inexactness.get());
    }
    exactByCheck(file);
  }

  private static void exactByCheck(BlockFile file) throws IOException {
    CheckReport report = ImageCheck.check(file, ImageCheck.Repair.NONE);
    if (!report.isClean() || report.sharedInActiveTable() > 0) {
      throw new InvariantViolation("I-50", "not exact: " + report);
    }
  }

  /** Exact, and the dirty bit is down: what a stopped program leaves. */
  public static void settled(BlockFile file) throws IOException {
    exact(file);
    notDirty(file);
  }

  /** The same by the users' check alone, for states by the million. */
  public static void settledByCheck(BlockFile file) throws IOException {
    exactByCheck(file);
    notDirty(file);
  }

  private static void notDirty(BlockFile file) throws IOException {
    if (Header.read(file).features().isDirty()) {
      throw new InvariantViolation("I-16", "settled, but the dirty bit is set");
    }
  }
}
