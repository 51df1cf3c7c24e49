package dev.drover.qcow2.format;

import dev.drover.qcow2.GuestOffset;

/**
 * What follows from the sizes that an image is made with, and keeps: how many entries a table holds
 * and how a guest offset splits into table indexes.
 *
 * <pre>
 *   guest offset:  │ L1 index │ L2 index (clusterBits − 3) │ offset in cluster (clusterBits) │
 * </pre>
 *
 * @param clusterBits cluster size as a power of two
 * @param refcountOrder bits of one refcount as a power of two
 */
public record Geometry(int clusterBits, int refcountOrder) {

  /** 512 bytes. */
  public static final int MIN_CLUSTER_BITS = 9;

  /** 2 MiB. */
  public static final int MAX_CLUSTER_BITS = 21;

  /** What qemu-img takes when nobody says anything: 64 KiB. */
  public static final int DEFAULT_CLUSTER_BITS = 16;

  /** 64 bits. */
  public static final int MAX_REFCOUNT_ORDER = 6;

  /** 16 bits: what qemu-img takes, and all that version 2 has. */
  public static final int DEFAULT_REFCOUNT_ORDER = 4;

  /** Entries of the largest L1 table that QEMU opens: 32 MiB. */
  public static final int MAX_L1_ENTRIES = 32 << 20 >> 3;

  /** Bytes of the largest refcount table that QEMU opens. */
  public static final int MAX_REFCOUNT_TABLE_BYTES = 8 << 20;

  /** The host offset field of every table entry ends at bit 55. */
  public static final long MAX_HOST_BYTES = 1L << 56;

  public Geometry {
    if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
      throw new IllegalArgumentException("cluster bits " + clusterBits);
    }
    if (refcountOrder < 0 || refcountOrder > MAX_REFCOUNT_ORDER) {
      throw new IllegalArgumentException("refcount order " + refcountOrder);
    }
  }

  /** With refcounts of the usual width. */
  public Geometry(int clusterBits) {
    this(clusterBits, DEFAULT_REFCOUNT_ORDER);
  }

  /** Of a cluster size in bytes, which must be a power of two that the format allows. */
  public static Geometry ofClusterSize(int bytes) {
    if (Integer.bitCount(bytes) != 1) {
      throw new IllegalArgumentException("cluster size " + bytes + " is no power of two");
    }
    return new Geometry(Integer.numberOfTrailingZeros(bytes));
  }

  public int clusterSize() {
    return 1 << clusterBits;
  }

  /** Entries of an L2 table, which is one cluster of 8-byte entries. */
  public int l2Entries() {
    return 1 << (clusterBits - 3);
  }

  /** Guest bytes under one L2 table. */
  public long l2Bytes() {
    return 1L << (2 * clusterBits - 3);
  }

  /** Refcounts in one refcount block, which is one cluster. */
  public int blockEntries() {
    return 1 << blockBits();
  }

  /** {@link #blockEntries} as a power of two. */
  public int blockBits() {
    return clusterBits + 3 - refcountOrder;
  }

  public int refcountBits() {
    return 1 << refcountOrder;
  }

  /** The highest count that fits; of 64 bits only what a long holds is ever counted. */
  public long maxRefcount() {
    return refcountOrder == MAX_REFCOUNT_ORDER ? Long.MAX_VALUE : (1L << refcountBits()) - 1;
  }

  /** Block pointers in one cluster of the refcount table. */
  public int refcountTableEntries(int clusters) {
    return clusters << (clusterBits - 3);
  }

  public int l1Index(GuestOffset guest) {
    return Math.toIntExact(guest.bytes() >>> (2 * clusterBits - 3));
  }

  public int l2Index(GuestOffset guest) {
    return (int) (guest.bytes() >>> clusterBits) & (l2Entries() - 1);
  }

  public int inCluster(long offset) {
    return (int) offset & (clusterSize() - 1);
  }

  public boolean isAligned(long offset) {
    return inCluster(offset) == 0;
  }

  public long roundDown(long offset) {
    return offset & -clusterSize();
  }

  public long roundUp(long offset) {
    return Math.addExact(offset, clusterSize() - 1) & -clusterSize();
  }

  /** Clusters that {@code bytes} bytes from a cluster boundary touch. */
  public long clusters(long bytes) {
    return (bytes >>> clusterBits) + (inCluster(bytes) == 0 ? 0 : 1);
  }

  /** L1 entries that a disk of this size needs; may exceed {@link #MAX_L1_ENTRIES}. */
  public long l1EntriesFor(long virtualSize) {
    int shift = 2 * clusterBits - 3;
    return (virtualSize >>> shift) + ((virtualSize & (l2Bytes() - 1)) == 0 ? 0 : 1);
  }

  /** The largest disk whose L1 table QEMU still opens. */
  public long maxVirtualSize() {
    return (long) MAX_L1_ENTRIES << (2 * clusterBits - 3);
  }
}
