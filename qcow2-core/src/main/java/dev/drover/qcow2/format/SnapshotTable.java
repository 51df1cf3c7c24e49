package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The snapshot table: {@link SnapshotEntry} after entry, each padded to 8 bytes. */
public final class SnapshotTable {

  /** QEMU refuses a larger table. */
  static final int MAX_BYTES = 64 << 20;

  private SnapshotTable() {}

  /**
   * Reads and checks the table that the header points at; every L1 table named in it is aligned and
   * of a size that QEMU allows, but may still lie outside of the file.
   */
  public static List<SnapshotEntry> read(BlockFile file, Header header) throws IOException {
    return read(file, header, false);
  }

  /**
   * Reads a table for somebody who looks for damage: the L1 tables named in it are not checked, and
   * what is behind the end of the file reads as zeroes. A count or a size of an L1 table beyond
   * {@code Integer.MAX_VALUE} comes as a negative one.
   */
  public static List<SnapshotEntry> readDamaged(BlockFile file, Header header) throws IOException {
    return read(file, header, true);
  }

  private static List<SnapshotEntry> read(BlockFile file, Header header, boolean damaged)
      throws IOException {
    List<SnapshotEntry> entries = new ArrayList<>();
    long start = header.snapshots().offset().bytes();
    long at = start;
    long l1Bytes = 0;
    for (int i = 0; i < header.snapshots().count(); i++) {
      ByteBuffer fixed = ByteBuffer.allocate(SnapshotEntry.MIN_BYTES);
      file.read(fixed, at);
      checkLengths(file, fixed, at, i);
      if (!damaged) {
        checkL1(file, header, fixed, at, i);
        l1Bytes += 8L * fixed.getInt(8);
        if (l1Bytes > file.length() + 8L * Geometry.MAX_L1_ENTRIES) { // one may be cut off
          throw corrupt(file, at, "L1 tables of snapshots on one another, that of snapshot " + i);
        }
      }
      long bytes = SnapshotEntry.Lengths.at(fixed, 0).unpaddedBytes();
      if (!damaged && bytes > file.length() - at) {
        throw new Qcow2Exception(
            Code.TRUNCATED,
            file.name(),
            at,
            "truncated: the file ends inside snapshot " + i,
            "restore it from a complete copy");
      }
      if (at + bytes - start > MAX_BYTES) {
        throw corrupt(file, at, "snapshot table of more than " + MAX_BYTES + " bytes");
      }
      ByteBuffer whole = ByteBuffer.allocate((int) bytes);
      file.read(whole, at);
      entries.add(SnapshotEntry.decode(whole.flip()));
      at += HeaderExtension.paddedBytes((int) bytes);
    }
    return entries;
  }

  private static void checkLengths(BlockFile file, ByteBuffer fixed, long at, int number)
      throws IOException {
    long extra = Integer.toUnsignedLong(fixed.getInt(36));
    if (extra > SnapshotEntry.MAX_EXTRA_BYTES) {
      throw corrupt(file, at + 36, extra + " bytes of extra data in snapshot " + number);
    }
    if (fixed.getLong(0) < 0) {
      throw corrupt(
          file,
          at,
          "L1 table at %s in snapshot %d"
              .formatted(Long.toUnsignedString(fixed.getLong(0)), number));
    }
  }

  private static void checkL1(BlockFile file, Header header, ByteBuffer fixed, long at, int number)
      throws IOException {
    long l1Entries = Integer.toUnsignedLong(fixed.getInt(8));
    if (l1Entries > Geometry.MAX_L1_ENTRIES) {
      throw corrupt(file, at + 8, "L1 table of " + l1Entries + " entries in snapshot " + number);
    }
    long l1Offset = fixed.getLong(0);
    if (!header.geometry().isAligned(l1Offset) || (l1Offset == 0 && l1Entries > 0)) {
      throw corrupt(file, at, "L1 table at " + l1Offset + " in snapshot " + number);
    }
  }

  private static Qcow2Exception corrupt(BlockFile file, long offset, String what) {
    return new Qcow2Exception(
        Code.CORRUPT,
        file.name(),
        offset,
        "corrupt: " + what,
        "run qemu-img check on it, or restore it from a copy");
  }

  /** Bytes that the table takes in the file. */
  public static int encodedBytes(List<SnapshotEntry> entries) {
    return entries.stream().mapToInt(SnapshotEntry::encodedBytes).reduce(0, Math::addExact);
  }

  public static ByteBuffer encode(List<SnapshotEntry> entries) {
    ByteBuffer table = ByteBuffer.allocate(encodedBytes(entries));
    entries.forEach(entry -> entry.encode(table));
    return table.flip();
  }

  /** Where the table of {@code entries} would end if it began at {@code start}. */
  public static HostOffset end(HostOffset start, List<SnapshotEntry> entries) {
    return start.plus(encodedBytes(entries));
  }
}
