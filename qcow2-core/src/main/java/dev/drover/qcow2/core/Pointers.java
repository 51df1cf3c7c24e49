package dev.drover.qcow2.core;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The choke point: every pointer read from the image passes here before it is followed (I-13). It
 * must be aligned, inside the file, and must not lead a guest's bytes into the image's own tables.
 * A bad one makes the image corrupt: nothing is written to it any more. Any thread.
 */
final class Pointers {

  private final Disk disk;
  private final Geometry geometry;
  private final Set<Long> blocks = ConcurrentHashMap.newKeySet();

  /** Those that several entries of the refcount table lead to. */
  private final Set<Long> sharedBlocks = ConcurrentHashMap.newKeySet();

  private final Set<Long> l2Tables = ConcurrentHashMap.newKeySet();
  private volatile TablePointer refcountTable = TablePointer.NONE;
  private volatile TablePointer l1Table = TablePointer.NONE;
  private volatile long snapshotTable;
  private volatile long snapshotTableBytes;
  private volatile long knownLength;
  private volatile Qcow2Exception corrupt;

  Pointers(Disk disk, Geometry geometry) {
    this.disk = disk;
    this.geometry = geometry;
  }

  void refcountTable(TablePointer place, long[] entries) {
    refcountTable = place;
    blocks.clear();
    sharedBlocks.clear();
    for (long entry : entries) {
      if (entry != 0 && !blocks.add(entry)) {
        sharedBlocks.add(entry);
      }
    }
  }

  void addBlock(long offset) {
    blocks.add(offset);
  }

  void l1Table(TablePointer place, long[] entries) {
    l1Table = place;
    l2Tables.clear();
    for (long entry : entries) {
      if (L1Entry.offset(entry) != 0) {
        l2Tables.add(L1Entry.offset(entry));
      }
    }
  }

  void l2Table(long before, long after) {
    if (before != 0) {
      l2Tables.remove(before);
    }
    if (after != 0) {
      l2Tables.add(after);
    }
  }

  void snapshotTable(long offset, long bytes) {
    snapshotTable = offset;
    snapshotTableBytes = bytes;
  }

  /** The offset of a refcount block, from its table entry. */
  long refcountBlock(long entry, int number) throws IOException {
    String what = "refcount block " + number;
    if ((entry & 0x1FF) != 0) {
      throw broken(entry, what + " has reserved bits set in its table entry");
    }
    if (sharedBlocks.contains(entry)) {
      throw broken(entry, what + " is another one, too");
    }
    return place(entry, what);
  }

  /** The offset of an L2 table, from its L1 entry; 0 for none. */
  long l2Table(long entry) throws IOException {
    if ((entry & L1Entry.RESERVED_MASK) != 0) {
      throw broken(entry, "an L1 entry has reserved bits set");
    }
    long offset = L1Entry.offset(entry);
    if (offset != 0) {
      place(offset, "an L2 table");
      if (blocks.contains(offset)) {
        throw broken(offset, "an L2 table and a refcount block share a cluster");
      }
    }
    return offset;
  }

  /**
   * The offset of a guest cluster's data, in the image or in its data file, from an entry that is
   * not compressed; 0 for none.
   */
  long data(L2Entry entry, long guestCluster) throws IOException {
    if ((entry.descriptor() & L2Entry.RESERVED_MASK) != 0) {
      throw broken(entry.offset(), "an L2 entry has reserved bits set");
    }
    boolean first = geometry.externalData() && guestCluster == 0 && entry.isCopied();
    if (entry.isContradictory() && !(first && (entry.allocated() & entry.zero()) == 0)) {
      throw broken(entry.offset(), "an L2 entry has subclusters in a state that there is not");
    }
    long offset = entry.offset();
    if (geometry.externalData()) {
      long place = guestCluster << geometry.clusterBits();
      if (offset != 0 && offset != place || entry.hasPlace() && offset == 0 && !first) {
        throw broken(offset, "a cluster is not at its guest offset " + place + " of the data file");
      }
    } else if (offset != 0) {
      place(offset, "a data cluster");
      if (blocks.contains(offset) || l2Tables.contains(offset)) {
        throw broken(offset, "a data cluster and a table share a cluster");
      }
    }
    return offset;
  }

  /** The offset of a cluster of a bitmap: of its bits, its table or the directory. */
  long bitmap(long offset) throws IOException {
    place(offset, "a cluster of a bitmap");
    if (blocks.contains(offset) || l2Tables.contains(offset)) {
      throw broken(offset, "a bitmap and a table share a cluster");
    }
    return offset;
  }

  /** An image of version 2 has an entry with the flag that came with version 3. */
  Qcow2Exception zeroFlagInVersion2(L2Entry entry) {
    return broken(entry.offset(), "an L2 entry has a flag that version 2 lacks");
  }

  /** Of a snapshot: its L1 table lies in the file. */
  void snapshotL1(TablePointer l1) throws IOException {
    if (l1.count() > 0) {
      long last = l1.offset().bytes() + 8L * l1.count() - 1;
      if (!geometry.isAligned(l1.offset().bytes()) || last < 0 || !inFile(last)) {
        throw broken(l1.offset().bytes(), "a snapshot's L1 table is not inside the file");
      }
    }
  }

  /** Where compressed data is: it lies in the file, or begins in it and ends in its last sector. */
  L2Entry.Compressed compressed(L2Entry entry) throws IOException {
    L2Entry.Compressed packed = entry.compressed(geometry.clusterBits());
    long start = packed.start().bytes();
    if (geometry.externalData()) {
      throw broken(start, "an L2 entry says compressed, and guest data is in a data file");
    }
    if (entry.isContradictory()) {
      throw broken(start, "an L2 entry of compressed data has subclusters");
    }
    if (start < geometry.clusterSize() || !inFile(start) || isTable(start, packed.bytes())) {
      throw broken(
          start, "compressed data of " + packed.bytes() + " bytes is not where data can be");
    }
    return packed;
  }

  /** A cluster that is free by its refcount is none of the tables that are in use. */
  void free(long offset) throws IOException {
    if (isTable(offset, geometry.clusterSize())
        || blocks.contains(offset)
        || l2Tables.contains(offset)) {
      throw broken(offset, "a table is in a cluster whose refcount is 0");
    }
  }

  private long place(long offset, String what) throws IOException {
    if (!geometry.isAligned(offset)) {
      throw broken(offset, what + " is not aligned to clusters");
    }
    if (!inFile(offset)) {
      throw broken(offset, what + " lies behind the end of the file");
    }
    if (isTable(offset, geometry.clusterSize())) {
      throw broken(offset, what + " lies on the image's header or one of its fixed tables");
    }
    return offset;
  }

  private boolean inFile(long offset) throws IOException {
    if (offset >= knownLength) {
      knownLength = disk.length(); // only ever grows while the image is open
    }
    return offset < knownLength;
  }

  private boolean isTable(long offset, long bytes) {
    long tableBytes = (long) refcountTable.count() << geometry.clusterBits();
    return offset < geometry.clusterSize()
        || overlaps(offset, bytes, refcountTable.offset().bytes(), tableBytes)
        || overlaps(offset, bytes, l1Table.offset().bytes(), 8L * l1Table.count())
        || overlaps(offset, bytes, snapshotTable, snapshotTableBytes);
  }

  private static boolean overlaps(long offset, long bytes, long table, long tableBytes) {
    return tableBytes > 0 && offset < table + tableBytes && table < offset + bytes;
  }

  private Qcow2Exception broken(long offset, String what) {
    Qcow2Exception error =
        new Qcow2Exception(Code.CORRUPT, disk.name(), offset, what, "run image check");
    corrupt = error;
    return error;
  }

  boolean isSound() {
    return corrupt == null;
  }

  /** Refuses to go on with an image that has shown a bad pointer. */
  void requireSound() throws Qcow2Exception {
    Qcow2Exception error = corrupt;
    if (error != null) {
      throw new Qcow2Exception(
          Code.CORRUPT,
          disk.name(),
          error.imageOffset(),
          "refusing to write: " + error.getMessage(),
          error.hint());
    }
  }
}
