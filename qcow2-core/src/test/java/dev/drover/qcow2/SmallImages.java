package dev.drover.qcow2;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.util.Optional;

/** Opens plain images with bounds so small that every one of them is reached. */
public final class SmallImages {

  private SmallImages() {}

  /**
   * @param windowClusters how many clusters are set aside at a time
   * @param tables how many L2 tables, and how many refcount blocks, are kept in memory; 0 for as
   *     little as can be, two slices and two blocks
   */
  public static CoreOptions bounds(int clusterBytes, int windowClusters, int tables) {
    long cache = (long) tables * clusterBytes;
    return new CoreOptions(
        (long) windowClusters * clusterBytes, cache, cache, PassDiscard.ALL, false);
  }

  /** Opens for writing, and recovers first what was not closed cleanly. */
  public static Qcow2Image open(BlockFile file, BackingOpener backing, CoreOptions bounds)
      throws IOException {
    return Qcow2Image.open(file, false, backing, bounds);
  }

  /** As {@link ImageAmend#amend} with these bounds. */
  public static void amend(
      BlockFile file, BackingOpener gate, AmendOptions wanted, CoreOptions bounds)
      throws IOException {
    ImageAmend.amend(file, gate, wanted, bytes -> {}, bounds);
  }

  /** As {@link ImageRebase#rebase} with these bounds. */
  public static void rebase(
      BlockFile file, BackingOpener gate, Optional<BackingReference> onto, CoreOptions bounds)
      throws IOException {
    ImageRebase.rebase(file, gate, onto, bytes -> {}, bounds);
  }
}
