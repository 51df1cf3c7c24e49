package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which clusters persistent dirty bitmaps occupy: all that is read of them here.
 *
 * <pre>
 *   extension   0   4  bitmaps          directory entry   0   8  bitmap table offset
 *               4   4  reserved                           8   4  bitmap table entries
 *               8   8  directory bytes                   12   4  flags
 *              16   8  directory offset                  16   1  type
 *                                                        17   1  granularity bits
 *   bitmap table entry                                   18   2  length of the name
 *               55 … 9  cluster offset                   20   4  length of the extra data
 *                0      all ones, without a cluster      24      extra data, name, padding to 8
 * </pre>
 *
 * @param bytes of the directory
 * @param tables counted in entries
 */
public record BitmapDirectory(HostOffset offset, long bytes, List<TablePointer> tables) {

  private static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;
  private static final long RESERVED_MASK = 0xFF00_0000_0000_01FEL;
  private static final int EXTENSION_BYTES = 24;
  private static final int ENTRY_BYTES = 24;

  /** QEMU's own limits. */
  private static final long MAX_BITMAPS = 65535;

  private static final long MAX_DIRECTORY_BYTES = MAX_BITMAPS * 1024;
  private static final int MAX_TABLE_ENTRIES = 0x8000000;

  /** Empty when it contradicts itself or the file. */
  public static Optional<BitmapDirectory> read(BlockFile file, HeaderExtension extension)
      throws IOException {
    if (extension.data().length < EXTENSION_BYTES) {
      return Optional.empty();
    }
    ByteBuffer head = ByteBuffer.wrap(extension.data());
    long bitmaps = Integer.toUnsignedLong(head.getInt(0));
    long bytes = head.getLong(8);
    long offset = head.getLong(16);
    if (bitmaps == 0
        || bitmaps > MAX_BITMAPS
        || bytes < bitmaps * ENTRY_BYTES
        || bytes > MAX_DIRECTORY_BYTES
        || offset <= 0
        || offset > file.length() - bytes) {
      return Optional.empty();
    }
    ByteBuffer directory = ByteBuffer.allocate((int) bytes);
    file.read(directory, offset);
    return tables(directory.flip(), bitmaps)
        .map(tables -> new BitmapDirectory(new HostOffset(offset), bytes, tables));
  }

  private static Optional<List<TablePointer>> tables(ByteBuffer directory, long bitmaps) {
    List<TablePointer> tables = new ArrayList<>();
    long at = 0;
    while (at < directory.limit()) {
      if (directory.limit() - at < ENTRY_BYTES || tables.size() == bitmaps) {
        return Optional.empty();
      }
      long offset = directory.getLong((int) at);
      int entries = directory.getInt((int) at + 8);
      long extra = Integer.toUnsignedLong(directory.getInt((int) at + 20));
      long unpadded = ENTRY_BYTES + extra + (directory.getShort((int) at + 18) & 0xFFFF);
      if (offset <= 0 || entries <= 0 || entries > MAX_TABLE_ENTRIES) {
        return Optional.empty();
      }
      tables.add(new TablePointer(new HostOffset(offset), entries));
      at += (unpadded + 7) & -8;
    }
    return at == directory.limit() && tables.size() == bitmaps
        ? Optional.of(tables)
        : Optional.empty();
  }

  /** Of the bitmap's cluster, 0 for none. */
  public static long offset(long entry) {
    return entry & OFFSET_MASK;
  }

  /** Reserved bits, a flag that excludes the offset beside it, or an unaligned offset. */
  public static boolean isBadEntry(long entry, Geometry geometry) {
    return (entry & RESERVED_MASK) != 0
        || (offset(entry) != 0 && (entry & 1) != 0)
        || !geometry.isAligned(offset(entry));
  }
}
