package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;

/**
 * What an L2 entry says about one guest cluster.
 *
 * <pre>
 *   standard     63      62   61 … 56    55 … 9                   8 … 1      0
 *                COPIED  0    reserved   cluster offset (÷ 512)   reserved   ZERO
 *
 *   compressed   63      62   61 … x                     x − 1 … 0
 *                0       1    further 512-byte sectors   first byte, unaligned
 *                             x = 62 − (clusterBits − 8)
 * </pre>
 *
 * <p>COMPRESSED is to be tested before ZERO: in a compressed entry bit 0 belongs to the offset.
 * Nothing here checks an offset against the file; that is for who follows it.
 *
 * <p>The static methods are for hot loops over raw tables; everything else takes {@link #decode}.
 */
public sealed interface L2Entry {

  long ZERO_FLAG = 1;
  long COMPRESSED_FLAG = 1L << 62;
  long COPIED_FLAG = 1L << 63;
  long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;

  /** Bits that must be 0 in a standard entry. */
  long STANDARD_RESERVED_MASK = 0x3F00_0000_0000_01FEL;

  /** Reads from the backing file, or as zeroes. */
  record Unallocated() implements L2Entry {}

  /** Reads as zeroes whatever the backing file has; no cluster belongs to it. */
  record Zero() implements L2Entry {}

  /** Reads as zeroes, and a cluster is kept for the writes to come. */
  record ZeroAllocated(HostOffset cluster, boolean copied) implements L2Entry {}

  /** The guest's bytes as they are. */
  record Data(HostOffset cluster, boolean copied) implements L2Entry {}

  /**
   * A compressed stream somewhere in the {@code bytes} bytes from {@code start} on; the last sector
   * of that range may belong to others, and end behind the end of the file.
   */
  record Compressed(HostOffset start, int bytes) implements L2Entry {

    /** The first and the last cluster that the range touches: each is referenced once. */
    public long firstCluster(int clusterBits) {
      return start.cluster(clusterBits);
    }

    public long lastCluster(int clusterBits) {
      return start.plus(bytes - 1).cluster(clusterBits);
    }
  }

  L2Entry UNALLOCATED = new Unallocated();
  L2Entry ZERO = new Zero();

  static boolean isCompressed(long raw) {
    return (raw & COMPRESSED_FLAG) != 0;
  }

  static L2Entry decode(long raw, int clusterBits) {
    if (isCompressed(raw)) {
      int offsetBits = offsetBits(clusterBits);
      long start = raw & ((1L << offsetBits) - 1);
      int moreSectors = (int) ((raw & ~(COMPRESSED_FLAG | COPIED_FLAG)) >>> offsetBits);
      int bytes = (moreSectors + 1) * 512 - (int) (start & 511);
      return new Compressed(new HostOffset(start), bytes);
    }
    long offset = raw & OFFSET_MASK;
    boolean copied = (raw & COPIED_FLAG) != 0;
    if ((raw & ZERO_FLAG) != 0) {
      return offset == 0 ? ZERO : new ZeroAllocated(new HostOffset(offset), copied);
    }
    return offset == 0 ? UNALLOCATED : new Data(new HostOffset(offset), copied);
  }

  /** The raw entry; a compressed one is never COPIED. */
  default long encode(int clusterBits) {
    return switch (this) {
      case Unallocated _ -> 0;
      case Zero _ -> ZERO_FLAG;
      case ZeroAllocated(HostOffset cluster, boolean copied) ->
          standard(cluster, copied) | ZERO_FLAG;
      case Data(HostOffset cluster, boolean copied) -> standard(cluster, copied);
      case Compressed(HostOffset start, int bytes) -> compressed(start.bytes(), bytes, clusterBits);
    };
  }

  private static long standard(HostOffset cluster, boolean copied) {
    if ((cluster.bytes() & ~OFFSET_MASK) != 0 || cluster.bytes() == 0) {
      throw new IllegalArgumentException("no cluster offset: " + cluster);
    }
    return cluster.bytes() | (copied ? COPIED_FLAG : 0);
  }

  /** Whether the offset and sector fields can hold a stream of this length at this place. */
  static boolean fitsCompressed(long start, int bytes, int clusterBits) {
    int offsetBits = offsetBits(clusterBits);
    return start >>> offsetBits == 0 && moreSectors(start, bytes) >>> (62 - offsetBits) == 0;
  }

  /** The raw entry of a compressed stream. */
  static long compressed(long start, int bytes, int clusterBits) {
    if (!fitsCompressed(start, bytes, clusterBits)) {
      throw new IllegalArgumentException("does not fit: " + bytes + " bytes at " + start);
    }
    return COMPRESSED_FLAG | moreSectors(start, bytes) << offsetBits(clusterBits) | start;
  }

  private static long moreSectors(long start, int bytes) {
    return ((start + bytes - 1) >>> 9) - (start >>> 9);
  }

  private static int offsetBits(int clusterBits) {
    return 62 - (clusterBits - 8);
  }
}
