package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
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
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Predicate;

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

  /** Where the n-th entry of any L2 table is that is of this kind. */
  long l2EntryAt(boolean active, int n, Predicate<L2Entry> kind) {
    int found = 0;
    TablePointer l1 = l1(active);
    for (int i = 0; i < l1.count(); i++) {
      long at = L1Entry.offset(longAt(l1.offset().bytes() + 8L * i));
      L2Table table = at == 0 ? L2Table.empty(geometry) : table(at);
      for (int j = 0; j < table.entries(); j++) {
        if (kind.test(table.get(j)) && found++ == n) {
          return at + (long) j * geometry.l2EntryBytes();
        }
      }
    }
    throw new AssertionError("no L2 entry " + n);
  }

  private L2Table table(long at) {
    byte[] bytes = new byte[geometry.clusterSize()];
    for (int i = 0; i < bytes.length; i += Long.BYTES) {
      ByteBuffer.wrap(bytes).putLong(i, longAt(at + i));
    }
    return L2Table.of(bytes, geometry);
  }

  static boolean isData(L2Entry entry) {
    return entry.hasCluster() && entry.allocated() == L2Entry.ALL;
  }

  static boolean isPreallocated(L2Entry entry) {
    return entry.hasCluster() && entry.zero() == L2Entry.ALL;
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
    return new L2Entry(longAt(compressedEntryAt()), 0).compressed(geometry.clusterBits());
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
