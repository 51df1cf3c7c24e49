package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.HeaderExtension;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
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

/** Visits everything that can reference a cluster, and tells {@link ReferenceCount} of each. */
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

  void run() throws IOException {
    count.add(Role.HEADER, 0, geometry.clusterSize());
    new Tree(true).walk(header.l1());
    for (SnapshotEntry snapshot : snapshots) {
      new Tree(false).walk(snapshot.l1());
    }
    count.add(
        Role.SNAPSHOT_TABLE,
        header.snapshots().offset().bytes(),
        SnapshotTable.encodedBytes(snapshots));
    count.add(
        Role.REFCOUNT_TABLE,
        header.refcountTable().offset().bytes(),
        (long) header.refcountTable().count() << geometry.clusterBits());
    bitmaps();
    refcountBlocks();
  }

  /** One L1 table and what hangs on it. */
  private final class Tree {

    private final boolean active;

    /** Host clusters that this tree has referenced; only kept for the active one. */
    private final BitSet seen = new BitSet();

    Tree(boolean active) {
      this.active = active;
    }

    void walk(TablePointer l1) throws IOException {
      if (l1.count() == 0) {
        return;
      }
      long bytes = (long) l1.count() * PointerTable.ENTRY_BYTES;
      count.add(Role.L1, l1.offset().bytes(), bytes);
      if (l1.offset().bytes() > file.length() - bytes) {
        return; // told by add; a table that the file can't hold is not worth the memory
      }
      for (long entry : PointerTable.read(file, l1.offset(), l1.count())) {
        if (entry != 0) {
          l1Entry(l1, entry);
        }
      }
    }

    private void l1Entry(TablePointer l1, long entry) throws IOException {
      if ((entry & L1Entry.RESERVED_MASK) != 0) {
        corruption(l1.offset().bytes(), "reserved bits in L1 entry %016x".formatted(entry));
      }
      long l2 = L1Entry.offset(entry);
      if (l2 == 0) {
        corruption(l1.offset().bytes(), "L1 entry %016x without an offset".formatted(entry));
        return;
      }
      count.add(Role.L2, l2, geometry.clusterSize());
      noteShared(l2);
      if (!geometry.isAligned(l2)) {
        corruption(l2, "L2 table not aligned to a cluster");
      }
      if (l2 < file.length()) {
        l2Table(l2);
      }
    }

    private void l2Table(long l2) throws IOException {
      long expected = 0; // where the next cluster would be if nothing were fragmented
      for (long raw : PointerTable.read(file, new HostOffset(l2), geometry.l2Entries())) {
        if (raw == 0) {
          continue;
        }
        if (!L2Entry.isCompressed(raw) && (raw & L2Entry.STANDARD_RESERVED_MASK) != 0) {
          corruption(l2, "reserved bits in L2 entry %016x".formatted(raw));
        }
        switch (L2Entry.decode(raw, geometry.clusterBits())) {
          case L2Entry.Unallocated _, L2Entry.Zero _ -> {}
          case L2Entry.Compressed stream -> compressed(raw, stream);
          case L2Entry.ZeroAllocated(HostOffset at, _) -> expected = cluster(at.bytes(), expected);
          case L2Entry.Data(HostOffset at, _) -> expected = cluster(at.bytes(), expected);
        }
      }
    }

    private void compressed(long raw, L2Entry.Compressed stream) {
      if ((raw & L2Entry.COPIED_FLAG) != 0) {
        corruption(stream.start().bytes(), "COPIED set for a compressed cluster");
      }
      count.add(Role.DATA, stream.start().bytes(), stream.bytes());
      if (active) {
        count.active().addCompressed();
      }
    }

    private long cluster(long at, long expected) {
      if (!geometry.isAligned(at)) {
        corruption(at, "cluster of the guest not aligned");
      }
      if (active) {
        count.active().addPlain(expected != 0 && at != expected);
      }
      count.add(Role.DATA, at, geometry.clusterSize());
      noteShared(at);
      return at + geometry.clusterSize();
    }

    private void noteShared(long at) {
      long cluster = at >>> geometry.clusterBits();
      if (!active || cluster >= count.clustersOfFile()) {
        return;
      }
      if (seen.get((int) cluster)) {
        count.active().addShared();
      }
      seen.set((int) cluster);
    }
  }

  private void bitmaps() throws IOException {
    Optional<HeaderExtension> extension = header.extension(HeaderExtension.BITMAPS);
    if (extension.isEmpty() || (header.features().autoclear() & Features.BITMAPS) == 0) {
      return; // without the bit the extension is out of date and means nothing
    }
    Optional<BitmapDirectory> directory = BitmapDirectory.read(file, extension.get());
    if (directory.isEmpty()) {
      corruption(header.dataOffset(extension.get()).bytes(), "bitmap directory that can't be read");
      return;
    }
    count.add(Role.BITMAP, directory.get().offset().bytes(), directory.get().bytes());
    for (TablePointer table : directory.get().tables()) {
      long bytes = (long) table.count() * PointerTable.ENTRY_BYTES;
      count.add(Role.BITMAP, table.offset().bytes(), bytes);
      if (table.offset().bytes() > file.length() - bytes) {
        continue;
      }
      for (long entry : PointerTable.read(file, table.offset(), table.count())) {
        if (BitmapDirectory.isBadEntry(entry, geometry)) {
          corruption(table.offset().bytes(), "bitmap table entry %016x".formatted(entry));
        } else if (BitmapDirectory.offset(entry) != 0) {
          count.add(Role.BITMAP, BitmapDirectory.offset(entry), geometry.clusterSize());
        }
      }
    }
  }

  private void refcountBlocks() throws IOException {
    for (long entry : RefcountTable.read(file, header)) {
      long block = RefcountTable.offset(entry);
      if ((entry & RefcountTable.RESERVED_MASK) != 0) {
        corruption(block, "reserved bits in refcount table entry %016x".formatted(entry));
      } else if (block < 0 || !geometry.isAligned(block)) {
        corruption(block, "refcount block not aligned to a cluster");
      } else if (block >>> geometry.clusterBits() >= count.clustersOfFile()) {
        corruption(block, "refcount block behind the end of the file");
      } else if (block != 0) {
        count.add(Role.REFCOUNT_BLOCK, block, geometry.clusterSize());
        if (count.references(block >>> geometry.clusterBits()) != 1) {
          corruption(block, "refcount block referenced more than once");
        }
      }
    }
  }

  private void corruption(long offset, String what) {
    findings.add(Kind.CORRUPTION, offset, what);
  }
}
