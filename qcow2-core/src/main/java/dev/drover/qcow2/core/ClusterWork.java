package dev.drover.qcow2.core;

import dev.drover.qcow2.format.L2Entry;
import java.util.List;

/** What a batch writes into one guest cluster, and where. */
final class ClusterWork {

  /** What happens to the cluster's L2 entry. */
  enum Kind {
    /** Nothing: bytes are overwritten where they are. */
    IN_PLACE,
    /** It keeps its cluster, or none; other subclusters than before have bytes in it. */
    REVIVED,
    /** It gets a cluster from the window. */
    NEW,
    /** The same, but nothing is written: it goes on reading as zeroes. */
    RESERVED,
    /** It gets its place in the data file. */
    EXTERNAL,
    /** It becomes a compressed piece. */
    PACKED
  }

  private final long guestCluster;
  private final Kind kind;
  private final L2Entry oldEntry;
  private final int allocated;
  private final int zero;
  private final List<Segment> segments;
  private final byte[] piece;
  private List<Allocation> allocations = List.of();
  private Packer.Place place;

  private ClusterWork(
      long guestCluster,
      Kind kind,
      L2Entry oldEntry,
      int allocated,
      int zero,
      List<Segment> segments,
      byte[] piece) {
    this.guestCluster = guestCluster;
    this.kind = kind;
    this.oldEntry = oldEntry;
    this.allocated = allocated;
    this.zero = zero;
    this.segments = List.copyOf(segments);
    this.piece = piece;
  }

  /**
   * Of bytes and zeroes.
   *
   * @param own whether the entry's cluster is there and nobody else's
   * @param touched not nothing
   */
  static ClusterWork written(
      long guestCluster, L2Entry oldEntry, boolean own, Touched touched, List<Segment> segments) {
    int before = oldEntry.isCompressed() ? L2Entry.ALL : oldEntry.allocated();
    int allocated = (before | touched.rewritten()) & ~touched.zeroed();
    int zero = oldEntry.zero() & ~touched.rewritten() | touched.zeroed();
    boolean same = allocated == oldEntry.allocated() && zero == oldEntry.zero();
    Kind kind =
        oldEntry.isCompressed() || touched.rewritten() != 0 && !own
            ? Kind.NEW
            : same ? Kind.IN_PLACE : Kind.REVIVED;
    return new ClusterWork(guestCluster, kind, oldEntry, allocated, zero, segments, null);
  }

  /** The same where guest clusters are in a data file, each in its own place. */
  static ClusterWork external(
      long guestCluster, L2Entry oldEntry, Touched touched, List<Segment> segments) {
    ClusterWork work = written(guestCluster, oldEntry, true, touched, segments);
    boolean placed = work.allocated == 0 || oldEntry.hasPlace();
    return placed ? work : work.as(Kind.EXTERNAL);
  }

  private ClusterWork as(Kind other) {
    return new ClusterWork(guestCluster, other, oldEntry, allocated, zero, segments, piece);
  }

  /** Of a cluster that reads as zeroes and gets space. */
  static ClusterWork reserved(long guestCluster, L2Entry oldEntry) {
    return new ClusterWork(guestCluster, Kind.RESERVED, oldEntry, 0, L2Entry.ALL, List.of(), null);
  }

  /** Of a whole cluster that was compressed to {@code piece}. */
  static ClusterWork packed(long guestCluster, L2Entry oldEntry, byte[] piece) {
    return new ClusterWork(guestCluster, Kind.PACKED, oldEntry, 0, 0, List.of(), piece);
  }

  long guestCluster() {
    return guestCluster;
  }

  Kind kind() {
    return kind;
  }

  /** The L2 entry before the batch. */
  L2Entry oldEntry() {
    return oldEntry;
  }

  /**
   * The L2 entry that the batch makes of the one that is there: as {@link #oldEntry}, and perhaps
   * shared.
   */
  L2Entry newEntry(L2Entry current, int clusterBits) {
    return switch (kind) {
      case IN_PLACE -> current;
      case REVIVED -> current.with(allocated, zero);
      case NEW, RESERVED -> L2Entry.own(allocation().offset(clusterBits), allocated, zero);
      case EXTERNAL ->
          L2Entry.standard(guestCluster << clusterBits | L2Entry.COPIED_FLAG, allocated, zero);
      case PACKED -> place.entry();
    };
  }

  /** The set of subclusters whose place holds nothing of them yet: they are written whole. */
  int fresh() {
    return switch (kind) {
      case NEW, EXTERNAL -> allocated;
      case REVIVED -> allocated & ~oldEntry.allocated();
      case IN_PLACE, RESERVED, PACKED -> 0;
    };
  }

  /** The set of subclusters that are written into where they are. */
  int overwritten() {
    return kind == Kind.NEW || kind == Kind.EXTERNAL ? 0 : allocated & oldEntry.allocated();
  }

  /** What is written, ascending and disjoint. */
  List<Segment> segments() {
    return segments;
  }

  /** What was taken for it and must be linked or given back. */
  List<Allocation> allocations() {
    return allocations;
  }

  /** The cluster from the window, of NEW and RESERVED. */
  Allocation allocation() {
    return allocations.getFirst();
  }

  /** Whether it takes a cluster of its own. */
  boolean needsCluster() {
    return kind == Kind.NEW || kind == Kind.RESERVED;
  }

  void assign(Allocation taken) {
    taken.intendForData(guestCluster);
    allocations = List.of(taken);
  }

  /** The compressed bytes, of PACKED. */
  byte[] piece() {
    return piece;
  }

  /** Where they go. */
  Packer.Place place() {
    return place;
  }

  void assign(Packer.Place found) {
    allocations = List.copyOf(found.references());
    place = found;
  }
}
