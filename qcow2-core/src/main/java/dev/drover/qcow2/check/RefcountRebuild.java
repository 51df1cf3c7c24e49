package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.RefcountBlock;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;

/**
 * Builds refcount blocks and their table anew from the references, and with them the snapshot table
 * where an entry of it is incomplete.
 *
 * <pre>
 *   … everything that was there │ snapshot table │ refcount blocks │ refcount table
 *                               └ base
 * </pre>
 *
 * <p>All of it lies behind what the image has, so that nothing is overwritten, and is durable
 * before one write of the header makes it count. The old structures are left without a reference.
 */
final class RefcountRebuild {

  private static final int MAX_TABLE_ENTRIES =
      Geometry.MAX_REFCOUNT_TABLE_BYTES / PointerTable.ENTRY_BYTES;

  private final BlockFile file;
  private final Header header;
  private final Geometry geometry;
  private final Inspection found;
  private final ReferenceCount counted;
  private final List<SnapshotEntry> snapshots;
  private final boolean movesSnapshots;

  /** First cluster of what is new. */
  private final long base;

  private final BitSet blocks = new BitSet();
  private long end;
  private int tableClusters;

  RefcountRebuild(Inspection found) throws IOException {
    this(found, found.geometry());
  }

  /**
   * @param geometry of the image, perhaps with refcounts of another width
   */
  RefcountRebuild(Inspection found, Geometry geometry) throws IOException {
    this.file = found.file();
    this.header = found.header();
    this.geometry = geometry;
    this.found = found;
    this.movesSnapshots = found.canSnapshotsBeCompleted();
    this.snapshots =
        found.snapshots().stream().map(entry -> entry.completed(header.virtualSize())).toList();
    this.counted = ReferenceCount.withoutRefcounts(found);
    this.base = found.counted().checkedClusters();
  }

  /** Durable on return. */
  void run() throws IOException {
    layOut();
    file.setLength(end << geometry.clusterBits());
    long[] table = new long[geometry.refcountTableEntries(tableClusters)];
    long at = base + snapshotClusters();
    for (int block = blocks.nextSetBit(0); block >= 0; block = blocks.nextSetBit(block + 1)) {
      table[block] = at++ << geometry.clusterBits();
      file.write(counts(block), table[block]);
    }
    HostOffset tableAt = new HostOffset(at << geometry.clusterBits());
    file.write(PointerTable.encode(table), tableAt.bytes());
    Header next = header.withRefcounts(new TablePointer(tableAt, tableClusters), geometry);
    if (movesSnapshots) {
      HostOffset snapshotsAt = new HostOffset(base << geometry.clusterBits());
      file.write(SnapshotTable.encode(snapshots), snapshotsAt.bytes());
      next = next.withSnapshots(new TablePointer(snapshotsAt, snapshots.size()));
    }
    file.sync();
    if (geometry.equals(header.geometry())) {
      file.write(next.encodeRefcountsAndSnapshots(), Header.REFCOUNTS_AND_SNAPSHOTS_AT);
    } else {
      file.write(next.encodeFields(), 0); // one sector, the width with the rest
    }
    file.sync();
  }

  private long snapshotClusters() {
    return movesSnapshots ? geometry.clusters(SnapshotTable.encodedBytes(snapshots)) : 0;
  }

  /** Finds how much is new: a table must have room for the blocks that count itself. */
  private void layOut() throws IOException {
    long perBlock = geometry.blockEntries();
    for (long first = 0; first < base; first += perBlock) {
      if (anyCount(first)) {
        blocks.set(tableIndex(first));
      }
    }
    long before;
    end = base + snapshotClusters() + 1;
    do {
      before = end;
      for (long first = base / perBlock * perBlock; first < end; first += perBlock) {
        blocks.set(tableIndex(first));
      }
      tableClusters = (int) geometry.clusters((long) blocks.length() * PointerTable.ENTRY_BYTES);
      end = base + snapshotClusters() + blocks.cardinality() + tableClusters;
    } while (end != before);
  }

  private int tableIndex(long cluster) throws Qcow2Exception {
    long index = RefcountTable.tableIndex(cluster, geometry);
    if (index >= MAX_TABLE_ENTRIES) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          file.name(),
          cluster << geometry.clusterBits(),
          "no refcount table can count a cluster there",
          "copy its content into a new image with: image convert");
    }
    return (int) index;
  }

  private boolean anyCount(long first) throws IOException {
    long last = Math.min(first + geometry.blockEntries(), base);
    for (long cluster = first; cluster < last; cluster++) {
      if (count(cluster) > 0) {
        return true;
      }
    }
    return false;
  }

  private ByteBuffer counts(int block) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(geometry.clusterSize());
    RefcountBlock counts = new RefcountBlock(bytes, geometry);
    long first = (long) block * geometry.blockEntries();
    for (int i = 0; i < geometry.blockEntries(); i++) {
      counts.set(i, count(first + i));
    }
    return bytes;
  }

  /** References; where they may not be complete, what was in use stays in use. */
  private long count(long cluster) throws IOException {
    if (cluster >= base) {
      return cluster < end ? 1 : 0;
    }
    long references = counted.references(cluster);
    boolean keep = references == 0 && !counted.isComplete();
    boolean ofOldRefcounts =
        found.counted().isOnly(Role.REFCOUNT_TABLE, cluster)
            || found.counted().isOnly(Role.REFCOUNT_BLOCK, cluster);
    return keep && !ofOldRefcounts ? found.stored().get(cluster) : references;
  }
}
