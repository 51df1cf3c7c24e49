package dev.drover.qcow2.core;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where each guest cluster is: the active L1 table, wholly in memory, and the L2 tables, cached in
 * {@link TableSlices}.
 *
 * <p>Tables are changed by the writing thread under the image's write lock and written through at
 * once, so readers under the read lock see whole states only. Memory holds a link from the moment
 * it is submitted (I-06).
 */
final class Mapping {

  private final Disk disk;
  private final Geometry geometry;
  private final Pointers pointers;
  private final boolean zeroFlags;
  private final TableSlices tables;
  private long[] l1;
  private TablePointer place;

  Mapping(Disk disk, Header header, Pointers pointers, long cacheBytes) throws IOException {
    this.disk = disk;
    this.geometry = header.geometry();
    this.zeroFlags = header.hasFeatures();
    this.pointers = pointers;
    this.tables = new TableSlices(disk, geometry, cacheBytes);
    load(header.l1());
  }

  /** Reads the active L1 table anew; cached L2 tables are dropped. */
  void load(TablePointer from) throws IOException {
    long[] entries = readL1(from);
    tables.clear();
    l1 = entries;
    place = from;
    pointers.l1Table(from, entries);
  }

  /** Changes the entry that stands at this place of the file, in memory, if it is there. */
  void correct(long at, long[] entry) {
    long inL1 = at - place.offset().bytes();
    if (inL1 >= 0 && inL1 < (long) l1.length * Long.BYTES) {
      l1[(int) (inL1 / Long.BYTES)] = entry[0];
      return;
    }
    tables.correct(at, entry);
  }

  /** Goes over to another active L1 table, whose pointer is being submitted. */
  void adopt(TablePointer newPlace, long[] entries) {
    l1 = entries;
    place = newPlace;
    pointers.l1Table(newPlace, entries);
  }

  /** Reads any L1 table, also a snapshot's. */
  long[] readL1(TablePointer from) throws IOException {
    byte[] bytes = new byte[Math.multiplyExact(from.count(), Long.BYTES)];
    disk.readTable(bytes, from.offset().bytes());
    return longs(bytes);
  }

  private static long[] longs(byte[] bytes) {
    long[] entries = new long[bytes.length / Long.BYTES];
    ByteBuffer.wrap(bytes).asLongBuffer().get(entries);
    return entries;
  }

  static ByteBuffer bytes(long[] entries, int from, int to) {
    ByteBuffer bytes = ByteBuffer.allocate((to - from) * Long.BYTES);
    bytes.asLongBuffer().put(entries, from, to - from);
    return bytes;
  }

  /** The active L1 table itself. Whoever changes it holds the write lock. */
  long[] l1() {
    return l1;
  }

  TablePointer place() {
    return place;
  }

  /** Whether an L1 entry points at an L2 table. */
  boolean hasTable(long l1Entry) throws IOException {
    return pointers.l2Table(l1Entry) != 0;
  }

  /**
   * A copy of entries [from, to) of the L2 table that an L1 entry points at, null for none. If it
   * is about to be changed, under the write lock.
   */
  TablePart part(long l1Entry, int from, int to) throws IOException {
    long offset = pointers.l2Table(l1Entry);
    return offset == 0 ? null : tables.part(offset, from, to);
  }

  /**
   * The same beside the cache, which keeps what is in it. Without a lock only for entries that
   * nobody changes meanwhile.
   */
  TablePart copy(long l1Entry, int from, int to) throws IOException {
    long offset = pointers.l2Table(l1Entry);
    return offset == 0 ? null : tables.copy(offset, from, to);
  }

  /** The same of the whole table. */
  TablePart copy(long l1Entry) throws IOException {
    return copy(l1Entry, 0, geometry.l2Entries());
  }

  /** The L2 entry of a guest cluster, seen through an L1 table; a hole where there is no table. */
  L2Entry entry(long[] through, long guestCluster) throws IOException {
    long index = guestCluster >>> geometry.l2Bits();
    if (index >= through.length) {
      return L2Entry.HOLE;
    }
    long table = pointers.l2Table(through[(int) index]);
    if (table == 0) {
      return L2Entry.HOLE;
    }
    L2Entry entry = tables.get(table, (int) guestCluster & (geometry.l2Entries() - 1));
    if (entry.isContradictory()) {
      requireSound(entry, guestCluster);
    }
    if (!zeroFlags && entry.zero() != 0) {
      throw pointers.zeroFlagInVersion2(entry);
    }
    return entry;
  }

  /** Refuses an L2 entry that does not say where a guest cluster can be (I-13). */
  void requireSound(L2Entry entry, long guestCluster) throws IOException {
    if (entry.isCompressed()) {
      pointers.compressed(entry);
    } else {
      pointers.data(entry, guestCluster);
    }
  }

  /** Submits a part that was changed: memory has it before the file, whatever then fails. */
  void write(TablePart part) throws IOException {
    tables.write(part);
  }

  /** How many slices of L2 tables are in memory. */
  int cachedSlices() {
    return tables.count();
  }

  /** Points the active L1 entry at a table in memory; {@link #writeL1} must follow at once. */
  void setL1(int index, long offset, L2Table table) {
    pointers.l2Table(L1Entry.offset(l1[index]), offset);
    l1[index] = offset == 0 ? 0 : L1Entry.of(offset, true);
    if (table != null) {
      tables.put(offset, table);
    }
  }

  /** Writes active L1 entries that were changed in memory. */
  void writeL1(int from, int to) throws IOException {
    disk.writeTable(place.offset().bytes() + (long) from * Long.BYTES, bytes(l1, from, to));
  }

  /** Drops what is cached of a table in a freed cluster. */
  void forget(long offset) {
    tables.forget(offset);
  }
}
