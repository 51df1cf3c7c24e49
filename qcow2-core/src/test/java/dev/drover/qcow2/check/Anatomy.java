package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Where the parts of a healthy image are, so that a test can damage them; 16-bit refcounts. Offsets
 * stay those of the healthy image whatever is written.
 */
final class Anatomy {

  final MemoryBlockFile file;
  final Header header;
  final Geometry geometry;
  final List<SnapshotEntry> snapshots;
  final long cluster;

  Anatomy(MemoryBlockFile file) throws IOException {
    this.file = file;
    this.header = Header.read(file);
    this.geometry = header.geometry();
    this.snapshots = SnapshotTable.read(file, header);
    this.cluster = geometry.clusterSize();
  }

  // ---- raw access ----

  long longAt(long at) {
    ByteBuffer eight = ByteBuffer.allocate(8);
    file.read(eight, at);
    return eight.getLong(0);
  }

  int intAt(long at) {
    return (int) (longAt(at) >>> 32);
  }

  void put(long at, long value) {
    file.write(ByteBuffer.allocate(8).putLong(0, value), at);
  }

  void putInt(long at, int value) {
    file.write(ByteBuffer.allocate(4).putInt(0, value), at);
  }

  void putShort(long at, int value) {
    file.write(ByteBuffer.allocate(2).putShort(0, (short) value), at);
  }

  void putByte(long at, int value) {
    file.write(ByteBuffer.allocate(1).put(0, (byte) value), at);
  }

  void flip(long at, long bits) {
    put(at, longAt(at) ^ bits);
  }

  // ---- tables ----

  /** The active table, or that of the first snapshot. */
  TablePointer l1(boolean active) {
    return active ? header.l1() : snapshots.getFirst().l1();
  }

  /** Where the n-th L1 entry is that has a table. */
  long l1EntryAt(boolean active, int n) {
    TablePointer l1 = l1(active);
    int found = 0;
    for (int i = 0; i < l1.count(); i++) {
      long at = l1.offset().bytes() + 8L * i;
      if (L1Entry.offset(longAt(at)) != 0 && found++ == n) {
        return at;
      }
    }
    throw new AssertionError("no L1 entry " + n);
  }

  long l2Table(boolean active, int n) {
    return L1Entry.offset(longAt(l1EntryAt(active, n)));
  }

  /** Where the n-th entry of any L2 table is whose raw value is of this kind. */
  long l2EntryAt(boolean active, int n, LongPredicate kind) {
    int found = 0;
    TablePointer l1 = l1(active);
    for (int i = 0; i < l1.count(); i++) {
      long table = L1Entry.offset(longAt(l1.offset().bytes() + 8L * i));
      for (int j = 0; table != 0 && j < geometry.l2Entries(); j++) {
        if (kind.test(longAt(table + 8L * j)) && found++ == n) {
          return table + 8L * j;
        }
      }
    }
    throw new AssertionError("no L2 entry " + n);
  }

  static boolean isData(long raw) {
    return !L2Entry.isCompressed(raw) && (raw & L2Entry.OFFSET_MASK) != 0 && (raw & 1) == 0;
  }

  static boolean isPreallocated(long raw) {
    return !L2Entry.isCompressed(raw) && (raw & L2Entry.OFFSET_MASK) != 0 && (raw & 1) == 1;
  }

  long dataEntryAt(boolean active) {
    return l2EntryAt(active, 1, Anatomy::isData);
  }

  long data(boolean active) {
    return longAt(dataEntryAt(active)) & L2Entry.OFFSET_MASK;
  }

  long compressedEntryAt() {
    return l2EntryAt(true, 0, L2Entry::isCompressed);
  }

  L2Entry.Compressed compressed() {
    return (L2Entry.Compressed) L2Entry.decode(longAt(compressedEntryAt()), geometry.clusterBits());
  }

  // ---- refcounts ----

  long refcountTableEntryAt(int n) {
    return header.refcountTable().offset().bytes() + 8L * n;
  }

  long refcountBlock(int n) {
    return longAt(refcountTableEntryAt(n));
  }

  long refcountAt(long offset) {
    long index = offset >>> geometry.clusterBits();
    long block = refcountBlock((int) RefcountTable.tableIndex(index, geometry));
    return RefcountTable.offset(block) + 2L * RefcountTable.blockIndex(index, geometry);
  }

  int refcount(long offset) {
    return (int) (longAt(refcountAt(offset)) >>> 48);
  }

  void setRefcount(long offset, int refcount) {
    putShort(refcountAt(offset), refcount);
  }

  /** A cluster within the file with a refcount of 0, or one that is appended for it. */
  long freeCluster() {
    for (long at = cluster; at < file.length(); at += cluster) {
      if (refcount(at) == 0) {
        return at;
      }
    }
    long at = geometry.roundUp(file.length());
    file.setLength(at + cluster);
    return at;
  }

  // ---- snapshot table ----

  long snapshotAt(int n) {
    long at = header.snapshots().offset().bytes();
    for (int i = 0; i < n; i++) {
      at += SnapshotTable.encodedBytes(List.of(snapshots.get(i)));
    }
    return at;
  }

  // ---- bitmaps ----

  long bitmapsExtensionAt() {
    return header
        .dataOffset(header.extension(dev.drover.qcow2.format.HeaderExtension.BITMAPS).orElseThrow())
        .bytes();
  }

  long bitmapDirectory() {
    return longAt(bitmapsExtensionAt() + 16);
  }

  long bitmapTable() {
    return longAt(bitmapDirectory());
  }

  /** Where the first entry is that has a cluster. */
  long bitmapEntryAt() {
    for (long at = bitmapTable(); ; at += PointerTable.ENTRY_BYTES) {
      if ((longAt(at) & L2Entry.OFFSET_MASK) != 0) {
        return at;
      }
    }
  }

  HostOffset end() {
    return new HostOffset(geometry.roundUp(file.length()));
  }
}
