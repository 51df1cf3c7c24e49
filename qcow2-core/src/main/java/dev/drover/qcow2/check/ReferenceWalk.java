package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Visits everything that can reference a cluster, and tells {@link ReferenceCount} of each.
 *
 * <p>An image may be hostile: four million L1 entries, all with the same L2 table, in thousands of
 * snapshots. So L1 entries are gathered and sorted, and each L2 table is read once for all of them
 * ({@link TableRuns}); and no more L1 tables are read than the file has room for.
 */
final class ReferenceWalk {

  private final BlockFile file;
  private final Header header;
  private final Geometry geometry;
  private final List<SnapshotEntry> snapshots;
  private final ReferenceCount count;
  private final Findings findings;

  ReferenceWalk(
      BlockFile file, Header header, List<SnapshotEntry> snapshots, ReferenceCount count) {
    this.file = file;
    this.header = header;
    this.geometry = header.geometry();
    this.snapshots = snapshots;
    this.count = count;
    this.findings = count.findings();
  }

  /** Everything but the refcounts themselves. */
  void content() throws IOException {
    count.add(Role.HEADER, 0, geometry.clusterSize());
    Tree active = new Tree(true);
    active.walk(header.l1());
    active.finish();
    Tree inactive = new Tree(false);
    long l1Bytes = 0;
    for (SnapshotEntry snapshot : snapshots) {
      l1Bytes += 8L * Math.max(snapshot.l1().count(), 0);
      if (l1Bytes <= mostTableBytes()) {
        snapshot(snapshot, inactive);
      } else {
        lost(snapshot.l1().offset().bytes(), "L1 tables of snapshots on one another", 1);
      }
    }
    inactive.finish();
    count.add(
        Role.SNAPSHOT_TABLE,
        header.snapshots().offset().bytes(),
        SnapshotTable.encodedBytes(snapshots));
    bitmaps();
  }

  /** Tables that lie apart from one another have fewer bytes, but for one that is cut off. */
  private long mostTableBytes() throws IOException {
    return file.length() + 8L * Geometry.MAX_L1_ENTRIES;
  }

  /** The refcount table and its blocks; last, for a block shares its cluster with nothing. */
  void refcounts() throws IOException {
    count.add(
        Role.REFCOUNT_TABLE,
        header.refcountTable().offset().bytes(),
        (long) header.refcountTable().count() << geometry.clusterBits());
    refcountBlocks();
  }

  private void snapshot(SnapshotEntry snapshot, Tree tree) throws IOException {
    TablePointer l1 = snapshot.l1();
    if (!geometry.isAligned(l1.offset().bytes())) {
      lost(l1.offset().bytes(), "L1 table of a snapshot not aligned to a cluster", 1);
    } else if (l1.count() < 0 || l1.count() > Geometry.MAX_L1_ENTRIES) {
      lost(l1.offset().bytes(), "L1 table of a snapshot larger than any can be", 1);
    } else {
      tree.walk(l1);
    }
  }

  /** The active L1 table, or those of all snapshots, and what hangs on them. */
  private final class Tree {

    private final boolean active;
    private final TableRuns tables = new TableRuns(this::l2Table);

    /** Host clusters that this tree has referenced; only kept for the active one. */
    private final BitSet seen = new BitSet();

    Tree(boolean active) {
      this.active = active;
    }

    void walk(TablePointer l1) throws IOException {
      count.add(Role.L1, l1.offset().bytes(), (long) l1.count() * PointerTable.ENTRY_BYTES);
      for (long entry : PointerTable.readBacked(file, l1.offset(), l1.count())) {
        if (entry != 0) {
          l1Entry(l1, entry);
        }
      }
    }

    void finish() throws IOException {
      tables.flush();
    }

    private void l1Entry(TablePointer l1, long entry) throws IOException {
      if ((entry & L1Entry.RESERVED_MASK) != 0) {
        corruption(l1.offset().bytes(), "reserved bits in L1 entry %016x".formatted(entry), 1);
      }
      long l2 = L1Entry.offset(entry);
      if (l2 == 0) {
        lost(l1.offset().bytes(), "L1 entry %016x without an offset".formatted(entry), 1);
        return;
      }
      tables.add(l2);
    }

    private void l2Table(long l2, int times) throws IOException {
      count.add(Role.L2, l2, geometry.clusterSize(), times);
      if (!geometry.isAligned(l2)) {
        lost(l2, "L2 table not aligned to a cluster", times);
      }
      noteShared(l2, times);
      if (l2 >= file.length()) {
        return;
      }
      long expected = 0; // where the next cluster would be if nothing were fragmented
      L2Table table = L2Table.read(file, new HostOffset(l2), geometry);
      for (int i = 0; i < table.entries(); i++) {
        L2Entry entry = table.get(i);
        if (entry.isHole()) {
          continue;
        }
        if (entry.isCompressed()) {
          compressed(entry, times);
          continue;
        }
        if ((entry.descriptor() & L2Entry.RESERVED_MASK) != 0) {
          corruption(l2, "reserved bits in L2 entry %016x".formatted(entry.descriptor()), times);
        }
        if (geometry.externalData()) {
          expected = external(entry, expected, times);
          continue;
        }
        if (entry.isContradictory()) {
          corruption(l2, "subclusters %016x in no state".formatted(entry.subclusters()), times);
        }
        if (entry.hasCluster()) {
          expected = cluster(entry.offset(), expected, times);
        }
      }
    }

    /** It refers to no cluster of the image; in the data file 0 is a place like any other. */
    private long external(L2Entry entry, long expected, int times) {
      boolean first = geometry.extendedL2() && entry.isCopied();
      boolean placeless = entry.offset() == 0 && entry.allocated() != 0 && !entry.isCopied();
      if (placeless || (entry.allocated() & entry.zero()) != 0) {
        corruption(
            entry.offset(), "subclusters %016x in no state".formatted(entry.subclusters()), times);
      }
      if (!entry.hasPlace() && !first) {
        return expected;
      }
      if (!geometry.isAligned(entry.offset())) {
        corruption(entry.offset(), "cluster of the guest not aligned", times);
      }
      if (active) {
        count.active().addPlain(expected != 0 && entry.offset() != expected, times);
      }
      return entry.offset() + geometry.clusterSize();
    }

    private void compressed(L2Entry entry, int times) {
      L2Entry.Compressed stream = entry.compressed(geometry.clusterBits());
      if (entry.isCopied()) {
        corruption(stream.start().bytes(), "COPIED set for a compressed cluster", times);
      }
      if (geometry.externalData()) {
        corruption(stream.start().bytes(), "compressed cluster beside a data file", times);
        return;
      }
      if (entry.isContradictory()) {
        lost(stream.start().bytes(), "subclusters of a compressed cluster", times);
        return;
      }
      count.add(Role.DATA, stream.start().bytes(), stream.bytes(), times);
      if (active) {
        count.active().addCompressed(times);
      }
    }

    private long cluster(long at, long expected, int times) {
      if (!geometry.isAligned(at)) {
        lost(at, "cluster of the guest not aligned", times);
      }
      if (active) {
        count.active().addPlain(expected != 0 && at != expected, times);
      }
      count.add(Role.DATA, at, geometry.clusterSize(), times);
      noteShared(at, times);
      return at + geometry.clusterSize();
    }

    private void noteShared(long at, int times) {
      long cluster = at >>> geometry.clusterBits();
      if (!active || cluster >= count.clustersOfFile()) {
        return;
      }
      boolean again = seen.get((int) cluster);
      if (again || times > 1) {
        count.active().addShared(again ? times : times - 1);
      }
      seen.set((int) cluster);
    }
  }

  private void bitmaps() throws IOException {
    Optional<BitmapDirectory> directory = BitmapDirectory.read(file, header);
    if (directory.isEmpty()) {
      return;
    }
    count.add(Role.BITMAP, directory.get().offset().bytes(), directory.get().bytes());
    for (BitmapDirectory.Bitmap bitmap : directory.get().bitmaps()) {
      TablePointer table = bitmap.table();
      long bytes = (long) table.count() * PointerTable.ENTRY_BYTES;
      count.add(Role.BITMAP, table.offset().bytes(), bytes);
      for (long entry : BitmapDirectory.readTable(file, header, bitmap)) {
        if (BitmapDirectory.offset(entry) != 0) {
          count.add(Role.BITMAP, BitmapDirectory.offset(entry), geometry.clusterSize());
        }
      }
    }
  }

  private void refcountBlocks() throws IOException {
    for (long entry : RefcountTable.read(file, header)) {
      long block = RefcountTable.offset(entry);
      if ((entry & RefcountTable.RESERVED_MASK) != 0) {
        broken(block, "reserved bits in refcount table entry %016x".formatted(entry));
      } else if (!geometry.isAligned(block)) {
        broken(block, "refcount block not aligned to a cluster");
      } else if (block >>> geometry.clusterBits() >= count.checkedClusters()) {
        count.noteMissingBlock();
        corruption(block, "refcount block behind the end of the file", 1);
      } else if (block != 0) {
        count.add(Role.REFCOUNT_BLOCK, block, geometry.clusterSize());
        if (count.references(block >>> geometry.clusterBits()) != 1) {
          broken(block, "refcount block referenced more than once");
        }
      }
    }
  }

  private void broken(long offset, String what) {
    count.noteBrokenRefcounts();
    corruption(offset, what, 1);
  }

  /** A pointer that cannot be followed: what it once led to looks unreferenced now. */
  private void lost(long offset, String what, int times) {
    count.noteLost();
    corruption(offset, what, times);
  }

  private void corruption(long offset, String what, int times) {
    findings.add(Kind.CORRUPTION, offset, what, times);
  }
}
