package dev.drover.qcow2.format;

/**
 * The three feature fields of the header.
 *
 * @param incompatible a program that does not know one of these must not open the image
 * @param compatible a program may ignore these
 * @param autoclear a program that does not know one of these clears it before it writes
 */
public record Features(long incompatible, long compatible, long autoclear) {

  public static final Features NONE = new Features(0, 0, 0);

  /** Incompatible: refcounts may be too high; repair before writing. */
  public static final long DIRTY = 1;

  /** Incompatible: metadata is broken; open for reading only. */
  public static final long CORRUPT = 1 << 1;

  /** Incompatible: guest data is in another file. */
  public static final long EXTERNAL_DATA = 1 << 2;

  /** Incompatible: the compression type field is not zero. */
  public static final long COMPRESSION_TYPE = 1 << 3;

  /** Incompatible: L2 entries of 16 bytes with subclusters. */
  public static final long EXTENDED_L2 = 1 << 4;

  /** Compatible: refcounts are written late, under {@link #DIRTY}. */
  public static final long LAZY_REFCOUNTS = 1;

  /** Autoclear: the bitmaps extension is consistent. */
  public static final long BITMAPS = 1;

  /** Autoclear: the external data file is readable as a raw image. */
  public static final long RAW_EXTERNAL_DATA = 1 << 1;

  /** The bit number of {@link #REPLICA} among the autoclear features. */
  public static final int REPLICA_BIT = 60;

  /** Autoclear, Drover's own: nobody else wrote since the position slots were. */
  public static final long REPLICA = 1L << REPLICA_BIT;

  public boolean isDirty() {
    return (incompatible & DIRTY) != 0;
  }

  public boolean isCorrupt() {
    return (incompatible & CORRUPT) != 0;
  }

  /** Whether guest data is in a file of its own. */
  public boolean hasDataFile() {
    return (incompatible & EXTERNAL_DATA) != 0;
  }

  /** Whether that file, by itself, is the guest's disk, byte for byte. */
  public boolean isDataFileRaw() {
    return (autoclear & RAW_EXTERNAL_DATA) != 0;
  }

  public boolean hasLazyRefcounts() {
    return (compatible & LAZY_REFCOUNTS) != 0;
  }

  public boolean isReplica() {
    return (autoclear & REPLICA) != 0;
  }

  public Features withDirty(boolean dirty) {
    long bits = dirty ? incompatible | DIRTY : incompatible & ~DIRTY;
    return new Features(bits, compatible, autoclear);
  }

  public Features withCorrupt(boolean corrupt) {
    long bits = corrupt ? incompatible | CORRUPT : incompatible & ~CORRUPT;
    return new Features(bits, compatible, autoclear);
  }

  public Features withReplica(boolean replica) {
    long bits = replica ? autoclear | REPLICA : autoclear & ~REPLICA;
    return new Features(incompatible, compatible, bits);
  }

  public Features withBitmaps(boolean consistent) {
    long bits = consistent ? autoclear | BITMAPS : autoclear & ~BITMAPS;
    return new Features(incompatible, compatible, bits);
  }

  public Features withLazyRefcounts(boolean lazy) {
    long bits = lazy ? compatible | LAZY_REFCOUNTS : compatible & ~LAZY_REFCOUNTS;
    return new Features(incompatible, bits, autoclear);
  }

  /** The external data file is no image of its own any more. */
  public Features withoutRawData() {
    return new Features(incompatible, compatible, autoclear & ~RAW_EXTERNAL_DATA);
  }

  /** What QEMU leaves when it opens the image for writing: the autoclear bits that it knows. */
  public Features withKnownAutoclear() {
    return new Features(incompatible, compatible, autoclear & (BITMAPS | RAW_EXTERNAL_DATA));
  }
}
