package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The persistent dirty bitmaps of an image: what each is, and where its table lies.
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
 */
public record BitmapDirectory(HostOffset offset, long bytes, List<Bitmap> bitmaps) {

  /**
   * One bitmap.
   *
   * @param table counted in entries
   * @param granularityBits guest bytes that one bit stands for, as a power of two
   * @param extraData of whoever made it; no program but that one knows what it means
   * @param name as the image has it
   */
  public record Bitmap(
      TablePointer table, int flags, int granularityBits, byte[] extraData, byte[] name) {

    /** Whoever wrote it last did not finish: its content is not to be trusted. */
    public boolean isInUse() {
      return (flags & IN_USE) != 0;
    }

    /** It is to follow the changes of the disk. */
    public boolean isEnabled() {
      return (flags & AUTO) != 0;
    }

    /** It is not to be used, but left as it is, by who does not know its extra data. */
    public boolean isForeign() {
      return extraData.length != 0 && (flags & EXTRA_DATA_COMPATIBLE) == 0;
    }

    /** The name as text; bytes that are none become replacement characters. */
    public String nameText() {
      return new String(name, StandardCharsets.UTF_8);
    }

    /** The same with another table and other flags. */
    public Bitmap with(TablePointer other, int bits) {
      return new Bitmap(other, bits, granularityBits, extraData, name);
    }

    /** Bits that it has over a disk of that size. */
    public long bits(long virtualSize) {
      return bitsOver(virtualSize, granularityBits);
    }

    /** Table entries that it has over a disk of that size. */
    public long entriesFor(long virtualSize, Geometry geometry) {
      return entries(virtualSize, granularityBits, geometry);
    }

    private int directoryBytes() {
      return HeaderExtension.paddedBytes(ENTRY_BYTES + extraData.length + name.length);
    }
  }

  /** Flag: the content is not to be trusted. */
  public static final int IN_USE = 1;

  /** Flag: it follows the disk's changes. */
  public static final int AUTO = 2;

  /** Flag: it may be used by who does not know its extra data, too. */
  public static final int EXTRA_DATA_COMPATIBLE = 4;

  /** 512 bytes. */
  public static final int MIN_GRANULARITY_BITS = 9;

  /** 2 GiB. */
  public static final int MAX_GRANULARITY_BITS = 31;

  /** QEMU's own limits, here and below. */
  public static final int MAX_BITMAPS = 65535;

  /** Of a name, in bytes. */
  public static final int MAX_NAME_BYTES = 1023;

  /** Of the directory. */
  public static final long MAX_DIRECTORY_BYTES = MAX_BITMAPS * 1024L;

  /** Of a bitmap's clusters. */
  public static final long MAX_BITMAP_BYTES = 512L << 20;

  /** Bytes of the header extension's data. */
  public static final int EXTENSION_BYTES = 24;

  /** A table entry that says that all bits are set. */
  public static final long ALL_ONES = 1;

  private static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;
  private static final long RESERVED_MASK = 0xFF00_0000_0000_01FEL;
  private static final int ENTRY_BYTES = 24;
  private static final long MOST_BYTES_CUT_OFF = 32L << 20; // of tables that are behind the end
  private static final int AT_FLAGS = 12;
  private static final int KNOWN_FLAGS = IN_USE | AUTO | EXTRA_DATA_COMPATIBLE;
  private static final int DIRTY_TRACKING = 1;

  public BitmapDirectory {
    bitmaps = List.copyOf(bitmaps);
  }

  /**
   * Empty for an image without bitmaps, or whose bitmaps somebody wrote past: without its autoclear
   * bit the extension means nothing.
   *
   * @throws Qcow2Exception CORRUPT when it contradicts itself, the image or the file
   */
  public static Optional<BitmapDirectory> read(BlockFile file, Header header) throws IOException {
    Optional<HeaderExtension> extension = header.extension(HeaderExtension.BITMAPS);
    if (extension.isEmpty() || (header.features().autoclear() & Features.BITMAPS) == 0) {
      return Optional.empty();
    }
    return Optional.of(new Reader(file, header, extension.get()).read());
  }

  /** Table entries of a bitmap with this granularity over a disk of that size. */
  public static long entries(long virtualSize, int granularityBits, Geometry geometry) {
    long bits = bitsOver(virtualSize, granularityBits);
    long bytes = (bits + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
    return geometry.clusters(bytes);
  }

  private static long bitsOver(long virtualSize, int granularityBits) {
    boolean tail = (virtualSize & (1L << granularityBits) - 1) != 0;
    return (virtualSize >>> granularityBits) + (tail ? 1 : 0);
  }

  /** Bytes of a directory of these. */
  public static long encodedBytes(List<Bitmap> bitmaps) {
    return bitmaps.stream().mapToLong(Bitmap::directoryBytes).sum();
  }

  /** The directory as the file has it. */
  public static ByteBuffer encode(List<Bitmap> bitmaps) {
    ByteBuffer to = ByteBuffer.allocate(Math.toIntExact(encodedBytes(bitmaps)));
    for (Bitmap bitmap : bitmaps) {
      int end = to.position() + bitmap.directoryBytes();
      to.putLong(bitmap.table.offset().bytes()).putInt(bitmap.table.count()).putInt(bitmap.flags);
      to.put((byte) DIRTY_TRACKING).put((byte) bitmap.granularityBits);
      to.putShort((short) bitmap.name.length).putInt(bitmap.extraData.length);
      to.put(bitmap.extraData).put(bitmap.name).position(end);
    }
    return to.flip();
  }

  /** What the header says of this directory. */
  public HeaderExtension extension() {
    ByteBuffer data = ByteBuffer.allocate(EXTENSION_BYTES);
    data.putInt(bitmaps.size()).putInt(0).putLong(bytes).putLong(offset.bytes());
    return new HeaderExtension(HeaderExtension.BITMAPS, data.array());
  }

  /** Where in the file the flags of a bitmap are. */
  public long flagsAt(int index) {
    return offset.bytes() + encodedBytes(bitmaps.subList(0, index)) + AT_FLAGS;
  }

  /** Whether a table entry says that all bits are set, without a cluster. */
  public static boolean isAllOnes(long entry) {
    return entry == ALL_ONES;
  }

  /** Of the bitmap's cluster, 0 for none. */
  public static long offset(long entry) {
    return entry & OFFSET_MASK;
  }

  private static final class Reader {

    private final BlockFile file;
    private final Header header;
    private final long extensionAt;
    private final byte[] extension;

    Reader(BlockFile file, Header header, HeaderExtension extension) {
      this.file = file;
      this.header = header;
      this.extensionAt = header.dataOffset(extension).bytes();
      this.extension = extension.data();
    }

    BitmapDirectory read() throws IOException {
      require(extension.length == EXTENSION_BYTES, extensionAt, "extension of a wrong length");
      ByteBuffer head = ByteBuffer.wrap(extension);
      long count = Integer.toUnsignedLong(head.getInt(0));
      long bytes = head.getLong(8);
      long offset = head.getLong(16);
      require(head.getInt(4) == 0, extensionAt + 4, "extension with reserved bits");
      require(count > 0 && count <= MAX_BITMAPS, extensionAt, "extension with a wrong count");
      boolean fits = bytes >= count * ENTRY_BYTES && bytes <= MAX_DIRECTORY_BYTES;
      require(fits, extensionAt + 8, "directory of a wrong size");
      long end = (file.length() + BlockFile.SECTOR_BYTES - 1) & -BlockFile.SECTOR_BYTES;
      boolean inFile = offset > 0 && offset <= end - bytes;
      require(
          inFile && header.geometry().isAligned(offset),
          extensionAt + 16,
          "directory that is not inside the file");
      ByteBuffer directory = ByteBuffer.allocate((int) bytes);
      file.read(directory, offset);
      return new BitmapDirectory(
          new HostOffset(offset), bytes, bitmaps(directory.flip(), offset, count));
    }

    private List<Bitmap> bitmaps(ByteBuffer directory, long offset, long count) throws IOException {
      List<Bitmap> bitmaps = new ArrayList<>();
      int at = 0;
      long tableBytes = 0;
      while (at < directory.limit()) {
        int left = directory.limit() - at;
        require(left >= ENTRY_BYTES && bitmaps.size() < count, offset + at, "entry too many");
        int nameBytes = directory.getShort(at + 18) & 0xFFFF;
        int extraBytes = directory.getInt(at + 20);
        require(
            extraBytes >= 0
                && extraBytes <= left - ENTRY_BYTES
                && nameBytes <= MAX_NAME_BYTES
                && HeaderExtension.paddedBytes(ENTRY_BYTES + extraBytes + nameBytes) <= left,
            offset + at + 18,
            "entry with a name or extra data of a wrong length");
        bitmaps.add(bitmap(directory, at, extraBytes, nameBytes, offset + at));
        tableBytes += (long) bitmaps.getLast().table().count() * PointerTable.ENTRY_BYTES;
        boolean apart = tableBytes <= file.length() + MOST_BYTES_CUT_OFF;
        require(apart, offset + at, "tables on one another");
        at += bitmaps.getLast().directoryBytes();
      }
      require(bitmaps.size() == count, offset, "directory with fewer bitmaps than promised");
      return bitmaps;
    }

    private Bitmap bitmap(ByteBuffer directory, int at, int extraBytes, int nameBytes, long place)
        throws IOException {
      Geometry geometry = header.geometry();
      long tableOffset = directory.getLong(at);
      long entries = Integer.toUnsignedLong(directory.getInt(at + 8));
      int flags = directory.getInt(at + 12);
      int granularityBits = directory.get(at + 17) & 0xFF;
      require(
          tableOffset > 0 && geometry.isAligned(tableOffset), place, "table at an illegal place");
      require(
          entries > 0 && entries << geometry.clusterBits() <= MAX_BITMAP_BYTES,
          place + 8,
          "table of " + entries + " entries");
      require(
          (flags & ~KNOWN_FLAGS) == 0 && directory.get(at + 16) == DIRTY_TRACKING,
          place + 12,
          "entry of an unknown kind");
      require(
          granularityBits >= MIN_GRANULARITY_BITS && granularityBits <= MAX_GRANULARITY_BITS,
          place + 17,
          "entry with an illegal granularity");
      byte[] extraData = new byte[extraBytes];
      directory.get(at + ENTRY_BYTES, extraData);
      byte[] name = new byte[nameBytes];
      directory.get(at + ENTRY_BYTES + extraBytes, name);
      TablePointer table = new TablePointer(new HostOffset(tableOffset), (int) entries);
      Bitmap bitmap = new Bitmap(table, flags, granularityBits, extraData, name);
      boolean rightSize = entries == bitmap.entriesFor(header.virtualSize(), geometry);
      require(
          rightSize || bitmap.isInUse(), place + 8, "table that does not match the disk's size");
      return bitmap;
    }

    private void require(boolean condition, long at, String what) throws IOException {
      if (!condition) {
        throw corrupt(file, at, what);
      }
    }
  }

  /**
   * The table of a bitmap.
   *
   * @throws Qcow2Exception CORRUPT for an entry with reserved bits, an unaligned offset, or a flag
   *     that excludes the offset beside it
   */
  public static long[] readTable(BlockFile file, Header header, Bitmap bitmap) throws IOException {
    HostOffset at = bitmap.table().offset();
    long[] entries = PointerTable.readBacked(file, at, bitmap.table().count());
    for (int i = 0; i < entries.length; i++) {
      boolean bothWays = offset(entries[i]) != 0 && (entries[i] & 1) != 0;
      boolean aligned = header.geometry().isAligned(offset(entries[i]));
      if ((entries[i] & RESERVED_MASK) != 0 || bothWays || !aligned) {
        throw corrupt(file, at.bytes() + 8L * i, "table entry %016x".formatted(entries[i]));
      }
    }
    return entries;
  }

  private static Qcow2Exception corrupt(BlockFile file, long at, String what) {
    return new Qcow2Exception(
        Code.CORRUPT,
        file.name(),
        at,
        "corrupt: bitmap " + what,
        "read the disk into a new image with: image convert");
  }
}
