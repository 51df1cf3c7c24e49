package dev.drover.qcow2.format;

import dev.drover.qcow2.GuestOffset;

/**
 * What follows from the sizes that an image is made with, and keeps: how many entries a table holds
 * and how a guest offset splits into table indexes.
 *
 * <pre>
 *   guest offset:  │ L1 index │ L2 index (clusterBits − 3) │ offset in cluster (clusterBits) │
 *   extended L2:   │ L1 index │ L2 index (clusterBits − 4) │ subcluster (5) │ offset in it   │
 * </pre>
 *
 * @param clusterBits cluster size as a power of two
 * @param refcountOrder bits of one refcount as a power of two
 * @param extendedL2 whether L2 entries have 16 bytes and tell subclusters apart
 * @param externalData whether guest clusters are in a data file, each at its own guest offset
 */
public record Geometry(
    int clusterBits, int refcountOrder, boolean extendedL2, boolean externalData) {

  /** 512 bytes. */
  public static final int MIN_CLUSTER_BITS = 9;

  /** 2 MiB. */
  public static final int MAX_CLUSTER_BITS = 21;

  /** What qemu-img takes when nobody says anything: 64 KiB. */
  public static final int DEFAULT_CLUSTER_BITS = 16;

  /** 16 KiB: no subcluster is smaller than a sector. */
  public static final int MIN_EXTENDED_CLUSTER_BITS = MIN_CLUSTER_BITS + L2Entry.SUBCLUSTER_BITS;

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
    if (extendedL2 && clusterBits < MIN_EXTENDED_CLUSTER_BITS) {
      throw new IllegalArgumentException("extended L2 with cluster bits " + clusterBits);
    }
  }

  /** With guest clusters in the image itself. */
  public Geometry(int clusterBits, int refcountOrder, boolean extendedL2) {
    this(clusterBits, refcountOrder, extendedL2, false);
  }

  /** With L2 entries of 8 bytes. */
  public Geometry(int clusterBits, int refcountOrder) {
    this(clusterBits, refcountOrder, false);
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

  /** The same with refcounts of another width. */
  public Geometry withRefcountOrder(int order) {
    return new Geometry(clusterBits, order, extendedL2, externalData);
  }

  public int clusterSize() {
    return 1 << clusterBits;
  }

  /** Bytes of an L2 entry: 8 or 16. */
  public int l2EntryBytes() {
    return 1 << l2EntryShift();
  }

  private int l2EntryShift() {
    return extendedL2 ? 4 : 3;
  }

  /** {@link #l2Entries} as a power of two. */
  public int l2Bits() {
    return clusterBits - l2EntryShift();
  }

  /** Entries of an L2 table, which is one cluster. */
  public int l2Entries() {
    return 1 << l2Bits();
  }

  /** Guest bytes under one L2 table. */
  public long l2Bytes() {
    return 1L << l2TableShift();
  }

  private int l2TableShift() {
    return clusterBits + l2Bits();
  }

  /** The smallest piece of the disk that an entry can tell apart: a subcluster, or a cluster. */
  public int grainBytes() {
    return extendedL2 ? subclusterBytes() : clusterSize();
  }

  /** One of the 32 equal parts of a cluster that {@link L2Entry} speaks of. */
  public int subclusterBytes() {
    return clusterSize() >> L2Entry.SUBCLUSTER_BITS;
  }

  /** The subcluster of its cluster that a guest offset lies in. */
  public int subcluster(long offset) {
    return inCluster(offset) / subclusterBytes();
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
    return Math.toIntExact(guest.bytes() >>> l2TableShift());
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
    return (virtualSize >>> l2TableShift()) + ((virtualSize & (l2Bytes() - 1)) == 0 ? 0 : 1);
  }

  /** The largest disk whose L1 table QEMU still opens. */
  public long maxVirtualSize() {
    return (long) MAX_L1_ENTRIES << l2TableShift();
  }
}
