package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;

/**
 * What an L2 entry says about one guest cluster.
 *
 * <pre>
 *   standard     63      62   61 … 56    55 … 9                   8 … 1      0
 *                COPIED  0    reserved   cluster offset (÷ 512)   reserved   ZERO (1)
 *
 *   compressed   63      62   61 … x                     x − 1 … 0
 *                0       1    further 512-byte sectors   first byte, unaligned
 *                             x = 62 − (clusterBits − 8)
 *
 *   extended     63 … 0              63 … 32                    31 … 0
 *                one of the above    a subcluster is zeroes     it is allocated (2)
 *
 *   (1) reserved in an extended entry     (2) neither of both: a hole
 * </pre>
 *
 * <p><b>One form for both widths.</b> A cluster of an image without extended entries has 32
 * subclusters, too, which are all alike: its ZERO flag is told by {@link #subclusters} and never
 * stands in {@link #descriptor}. {@link L2Table} translates.
 *
 * <p>COMPRESSED is to be tested before anything else: in a compressed entry the other bits belong
 * to the offset. Nothing here checks an offset against the file; that is for who follows it.
 *
 * @param descriptor the first 8 bytes
 * @param subclusters the subcluster bitmap
 */
public record L2Entry(long descriptor, long subclusters) {

  /** 32 subclusters. */
  public static final int SUBCLUSTER_BITS = 5;

  public static final int SUBCLUSTERS = 1 << SUBCLUSTER_BITS;

  /** A set of subclusters that has them all. */
  public static final int ALL = -1;

  /** Of a standard entry of 8 bytes. */
  public static final long ZERO_FLAG = 1;

  public static final long COMPRESSED_FLAG = 1L << 62;
  public static final long COPIED_FLAG = 1L << 63;
  public static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;

  /** Bits that must be 0 in the descriptor of an entry that is not compressed. */
  public static final long RESERVED_MASK = 0x3F00_0000_0000_01FFL;

  /** All subclusters read from the backing file, or as zeroes. */
  public static final L2Entry HOLE = new L2Entry(0, 0);

  /** Reads as zeroes whatever the backing file has; no cluster belongs to it. */
  public static final L2Entry ZERO = standard(0, 0, ALL);

  /**
   * A compressed stream somewhere in the {@code bytes} bytes from {@code start} on; the last sector
   * of that range may belong to others, and end behind the end of the file.
   */
  public record Compressed(HostOffset start, int bytes) {

    /** The first and the last cluster that the range touches: each is referenced once. */
    public long firstCluster(int clusterBits) {
      return start.cluster(clusterBits);
    }

    public long lastCluster(int clusterBits) {
      return start.plus(bytes - 1).cluster(clusterBits);
    }
  }

  /**
   * An entry that is not compressed.
   *
   * @param cluster offset of the host cluster and COPIED, or 0
   * @param allocated the set of subclusters whose bytes are there
   * @param zero the set of those that read as zeroes
   */
  public static L2Entry standard(long cluster, int allocated, int zero) {
    return new L2Entry(cluster, (long) zero << SUBCLUSTERS | Integer.toUnsignedLong(allocated));
  }

  /** A host cluster that is nobody else's. */
  public static L2Entry own(long offset, int allocated, int zero) {
    if ((offset & ~OFFSET_MASK) != 0 || offset == 0) {
      throw new IllegalArgumentException("no cluster offset: " + offset);
    }
    return standard(offset | COPIED_FLAG, allocated, zero);
  }

  /** Whether it is all zero bits: nothing was ever said of the cluster. */
  public boolean isHole() {
    return descriptor == 0 && subclusters == 0;
  }

  public boolean isCompressed() {
    return (descriptor & COMPRESSED_FLAG) != 0;
  }

  public boolean isCopied() {
    return (descriptor & COPIED_FLAG) != 0;
  }

  /** Of a standard entry: where its host cluster is, 0 for none. */
  public long offset() {
    return descriptor & OFFSET_MASK;
  }

  /** Whether an uncompressed host cluster belongs to it. */
  public boolean hasCluster() {
    return !isCompressed() && offset() != 0;
  }

  /** The same, also if that is the first one of a data file: there 0 is a place like any other. */
  public boolean hasPlace() {
    return hasCluster() || !isCompressed() && allocated() != 0;
  }

  /** The set of subclusters whose bytes are in the host cluster. */
  public int allocated() {
    return (int) subclusters;
  }

  /** The set of subclusters that read as zeroes whatever the backing file has. */
  public int zero() {
    return (int) (subclusters >>> SUBCLUSTERS);
  }

  /** The set of subclusters that read from the backing file, or as zeroes; not if compressed. */
  public int holes() {
    return ~(allocated() | zero());
  }

  /** Subclusters [from, to) as a set. */
  public static int set(int from, int to) {
    return from == to ? 0 : ALL >>> (SUBCLUSTERS - (to - from)) << from;
  }

  /** Whether the bytes of this subcluster are in the host cluster. */
  public boolean isAllocated(int subcluster) {
    return (allocated() >>> subcluster & 1) != 0;
  }

  public boolean isZero(int subcluster) {
    return (zero() >>> subcluster & 1) != 0;
  }

  /** The first subcluster behind this one that is not like it; of a compressed cluster the end. */
  public int alikeUpTo(int subcluster) {
    return subcluster
        + runLength(
            isAllocated(subcluster) ? allocated() : isZero(subcluster) ? zero() : holes(),
            subcluster);
  }

  /** How many subclusters from this one on are in the set, one after the other. */
  public static int runLength(int set, int from) {
    return Math.min(SUBCLUSTERS - from, Integer.numberOfTrailingZeros(~set >>> from));
  }

  /**
   * Whether the bitmap says what no entry can mean: a subcluster that is allocated and zeroes, or
   * allocated in no cluster, or anything at all beside compressed data.
   */
  public boolean isContradictory() {
    return isCompressed()
        ? subclusters != 0
        : (allocated() & zero()) != 0 || offset() == 0 && allocated() != 0;
  }

  /** The same place, with other subclusters in it. */
  public L2Entry with(int allocated, int zero) {
    return standard(descriptor, allocated, zero);
  }

  /** The same, shared with another table; a compressed entry never says that it is not. */
  public L2Entry shared() {
    return isCompressed() ? this : new L2Entry(descriptor & ~COPIED_FLAG, subclusters);
  }

  /** Where the compressed stream is, of a compressed entry. */
  public Compressed compressed(int clusterBits) {
    if (!isCompressed()) {
      throw new IllegalStateException("not a compressed entry");
    }
    int offsetBits = offsetBits(clusterBits);
    long start = descriptor & ((1L << offsetBits) - 1);
    int moreSectors = (int) ((descriptor & ~(COMPRESSED_FLAG | COPIED_FLAG)) >>> offsetBits);
    int bytes = (moreSectors + 1) * 512 - (int) (start & 511);
    return new Compressed(new HostOffset(start), bytes);
  }

  /** Whether the offset and sector fields can hold a stream of this length at this place. */
  public static boolean fitsCompressed(long start, int bytes, int clusterBits) {
    int offsetBits = offsetBits(clusterBits);
    return start >>> offsetBits == 0 && moreSectors(start, bytes) >>> (62 - offsetBits) == 0;
  }

  /** The entry of a compressed stream. */
  public static L2Entry compressed(long start, int bytes, int clusterBits) {
    if (!fitsCompressed(start, bytes, clusterBits)) {
      throw new IllegalArgumentException("does not fit: " + bytes + " bytes at " + start);
    }
    long sectors = moreSectors(start, bytes) << offsetBits(clusterBits);
    return new L2Entry(COMPRESSED_FLAG | sectors | start, 0);
  }

  private static long moreSectors(long start, int bytes) {
    return ((start + bytes - 1) >>> 9) - (start >>> 9);
  }

  private static int offsetBits(int clusterBits) {
    return 62 - (clusterBits - 8);
  }
}
