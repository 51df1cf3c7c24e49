package dev.drover.qcow2.core;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.check.CopiedFlags;
import dev.drover.qcow2.check.Finding;
import dev.drover.qcow2.check.ReferenceCount;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.RefcountBlock;
import dev.drover.qcow2.format.SnapshotEntry;
import java.io.IOException;
import java.util.List;

/**
 * References counted anew, against the refcounts that are stored: what recovery and a failed
 * structural change are repaired from. Counts that are too high are what any interrupted operation
 * leaves (window, unlinked allocation, pending free, half a snapshot or growth); too low or
 * overlapping is corruption, and nothing is written then. Only a program that postpones refcounts
 * under the dirty bit (lazy refcounts) may have left them too low: then they are raised.
 */
public final class Recount {

  private final ImageCore core;
  private final ReferenceCount counted;
  private final ClusterRuns excess = new ClusterRuns();
  private final ClusterRuns postponed = new ClusterRuns();
  private long wrongFlags;

  private Recount(ImageCore core, ReferenceCount counted) {
    this.core = core;
    this.counted = counted;
  }

  /**
   * Counts; writes nothing.
   *
   * @throws Qcow2Exception CORRUPT
   */
  static Recount of(ImageCore core, List<SnapshotEntry> snapshots) throws IOException {
    core.refcounts().dropUnpublished(); // no file can reach them: nothing to count
    DiskView view = new DiskView(core.disk());
    ReferenceCount counted = ReferenceCount.of(view, core.header(), snapshots);
    Recount recount = new Recount(core, counted);
    recount.refuseCorruption();
    recount.compare();
    CopiedFlags.check(
        view, core.header(), counted::references, (_, _, _, _) -> recount.wrongFlags++);
    return recount;
  }

  private void refuseCorruption() throws Qcow2Exception {
    for (Finding finding : counted.findings().first()) {
      throw corrupt(finding.imageOffset(), finding.what());
    }
    if (counted.active().shared() > 0 && core.isJournaled()) {
      throw corrupt(
          Qcow2Exception.NO_OFFSET,
          counted.active().shared() + " clusters are mapped to more than one place of the disk");
    }
  }

  private void compare() throws IOException {
    Refcounts refcounts = core.refcounts();
    long perBlock = core.geometry().blockEntries();
    long end = Math.max(counted.end(), refcounts.tableEntries() * perBlock);
    for (long first = 0; first < end; first += perBlock) {
      int block = refcounts.blockOf(first);
      if (refcounts.hasBlock(block)) {
        compare(first, refcounts.counts(block));
      } else if (first < counted.end()) {
        compare(first, RefcountBlock.empty(core.geometry()));
      }
    }
  }

  private void compare(long first, RefcountBlock counts) throws Qcow2Exception {
    for (int i = 0; i < core.geometry().blockEntries(); i++) {
      long references = counted.references(first + i);
      long stored = counts.get(i);
      if (stored < references && mayBeRaised(first)) {
        postponed.add(first + i);
      } else if (stored < references) {
        throw corrupt(
            first + i << core.geometry().clusterBits(),
            "the cluster has " + references + " references and a refcount of " + stored);
      }
      if (stored > references) {
        excess.add(first + i);
      }
    }
  }

  private boolean mayBeRaised(long cluster) {
    Features features = core.header().features();
    return features.isDirty()
        && features.hasLazyRefcounts()
        && core.refcounts().isPublished(cluster);
  }

  private Qcow2Exception corrupt(long offset, String what) {
    return new Qcow2Exception(
        Code.CORRUPT,
        core.disk().name(),
        offset,
        what,
        "the image must not be written to: build it anew, or restore it from a copy");
  }

  /** Clusters whose refcount is too high. */
  public List<ClusterExtent> excess() {
    return excess.extents(core.geometry().clusterBits());
  }

  public long excessClusters() {
    return excess.size();
  }

  /** Table entries whose COPIED flag disagrees with the counted references. */
  public long wrongFlags() {
    return wrongFlags;
  }

  /**
   * Sets refcounts to what was counted, then COPIED where the refcount is one. The flag comes
   * after, durably: a cluster must never look unshared before it is.
   */
  void repair() throws IOException {
    core.allocator().recounted(postponed, counted::references);
    core.allocator().recounted(excess, counted::references);
    if (wrongFlags == 0) {
      return;
    }
    CopiedRepair.run(core, counted::references);
  }
}
