package dev.drover.qcow2.check;

import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.util.List;

/**
 * One look at a whole image, counting as {@code qemu-img check} counts. Writes nothing.
 *
 * <p>Made by {@link #of}; afterwards only asked.
 */
public final class Inspection {

  /** Extra data that every snapshot of a version 3 image has: sizes of VM state and disk. */
  private static final int REQUIRED_EXTRA_BYTES = 16;

  private final BlockFile file;
  private final Header header;
  private final List<SnapshotEntry> snapshots;
  private final ReferenceCount counted;
  private final StoredRefcounts stored;
  private final Findings findings;
  private long wrongCopiedFlags;
  private long incompleteSnapshots;
  private long lastUsedCluster;
  private boolean uncounted;
  private boolean unknown;

  private Inspection(BlockFile file) throws IOException {
    this.file = file;
    this.header = Header.readDamaged(file);
    this.snapshots = SnapshotTable.readDamaged(file, header);
    this.counted = ReferenceCount.of(file, header, snapshots);
    this.stored = new StoredRefcounts(file, header);
    this.findings = counted.findings();
  }

  /**
   * Looks at a file that nobody is writing to.
   *
   * @throws dev.drover.qcow2.Qcow2Exception when it makes so little sense that nothing in it can be
   *     counted: its header, snapshot table or bitmap directory
   */
  public static Inspection of(BlockFile file) throws IOException {
    Inspection inspection = new Inspection(file);
    inspection.run();
    return inspection;
  }

  private void run() throws IOException {
    findIncompleteSnapshots();
    stored.compare(counted, new Comparison());
    lastUsedCluster = Math.max(lastUsedCluster, lastReferencedCluster());
    forEachWrongCopiedFlag(
        (entryAt, corrected, refcount, times) -> {
          wrongCopiedFlags += times;
          findings.add(
              Kind.CORRUPTION,
              entryAt.bytes(),
              "COPIED flag wrong for a refcount of "
                  + refcount
                  + ", should be %016x".formatted(corrected[0]),
              times);
        });
  }

  /** Those that do not say what the stored refcount says, where it can be known. */
  void forEachWrongCopiedFlag(CopiedFlags.Visitor visitor) throws IOException {
    CopiedFlags.check(
        file,
        header,
        cluster -> stored.isReadable(cluster) ? stored.get(cluster) : CopiedFlags.Refcounts.UNKNOWN,
        visitor);
  }

  private void findIncompleteSnapshots() {
    for (int i = 0; header.hasFeatures() && i < snapshots.size(); i++) {
      if (snapshots.get(i).extra().length < REQUIRED_EXTRA_BYTES) {
        incompleteSnapshots++;
        findings.add(
            Kind.CORRUPTION,
            header.snapshots().offset().bytes(),
            "snapshot %d lacks the sizes of its VM state and disk".formatted(i));
      }
    }
  }

  /** Of those whose refcount can be known. */
  private long lastReferencedCluster() {
    long last = counted.end() - 1;
    while (last > 0 && !(stored.isReadable(last) && counted.references(last) > 0)) {
      last--;
    }
    return last;
  }

  /** Stored refcounts against counted references, within the file as qemu-img looks at it. */
  private final class Comparison implements StoredRefcounts.Visitor {

    @Override
    public void differs(long cluster, long stored, long references) throws IOException {
      if (cluster >= counted.checkedClusters()) {
        return;
      }
      if (stored > 0) {
        lastUsedCluster = Math.max(lastUsedCluster, cluster);
      }
      uncounted |= stored == 0;
      unknown |= !Inspection.this.stored.hasBlock(cluster);
      findings.add(
          stored > references ? Kind.LEAK : Kind.CORRUPTION,
          cluster << header.clusterBits(),
          "refcount " + stored + ", references " + references);
    }

    @Override
    public void unreadable(long firstCluster, long clusters) {
      long checked = Math.min(clusters, counted.checkedClusters() - firstCluster);
      if (checked > 0) {
        unknown = true;
        findings.add(
            Kind.CHECK_ERROR,
            firstCluster << header.clusterBits(),
            "refcounts can't be read, their block has no valid place",
            checked);
      }
    }
  }

  BlockFile file() {
    return file;
  }

  public Header header() {
    return header;
  }

  Geometry geometry() {
    return header.geometry();
  }

  List<SnapshotEntry> snapshots() {
    return snapshots;
  }

  /** What references what. */
  public ReferenceCount counted() {
    return counted;
  }

  StoredRefcounts stored() {
    return stored;
  }

  public Findings findings() {
    return findings;
  }

  public long count(Kind kind) {
    return findings.count(kind);
  }

  /** Of the corruptions, COPIED flags that do not say what the stored refcount says. */
  public long wrongCopiedFlags() {
    return wrongCopiedFlags;
  }

  /**
   * Whether snapshots lack what a version 3 image must say of them; and not because the table is
   * not where it was.
   */
  boolean canSnapshotsBeCompleted() {
    return incompleteSnapshots > 0 && counted.isComplete();
  }

  /** Corruptions other than COPIED flags. */
  long otherCorruptions() {
    return count(Kind.CORRUPTION) - wrongCopiedFlags;
  }

  /**
   * Whether qemu-img would not lower refcounts beside this: the refcounts' own structure is broken,
   * or something in use counts as free.
   */
  boolean needsRefcountsRaised() {
    return uncounted || counted.areRefcountsBroken();
  }

  /** Whether refcounts cannot be corrected where they are. */
  boolean areRefcountsBroken() {
    return unknown
        || counted.areRefcountsBroken()
        || counted.areRefcountsShared()
        || counted.isBlockMissing();
  }

  /** Nothing wrong, and no mark that something was. */
  boolean isClean() {
    return count(Kind.CORRUPTION) + count(Kind.CHECK_ERROR) + count(Kind.OVERLAP) == 0;
  }

  /** The byte behind the last cluster in use. */
  public long imageEndOffset() {
    return (lastUsedCluster + 1) << header.clusterBits();
  }
}
