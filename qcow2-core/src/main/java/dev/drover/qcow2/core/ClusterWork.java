package dev.drover.qcow2.core;

import java.util.List;

/** What a batch writes into one guest cluster, and where. */
final class ClusterWork {

  /** What happens to the cluster's L2 entry. */
  enum Kind {
    /** Nothing: bytes are overwritten where they are. */
    IN_PLACE,
    /** It keeps its cluster, which read as zeroes until now: what is not written is zeroed. */
    REVIVED,
    /** It gets a cluster from the window. */
    NEW,
    /** The same, but nothing is written: it goes on reading as zeroes. */
    RESERVED,
    /** It becomes a compressed piece. */
    PACKED
  }

  private final long guestCluster;
  private final Kind kind;
  private final long oldEntry;
  private final List<Segment> segments;
  private final byte[] piece;
  private List<Allocation> allocations = List.of();
  private Packer.Place place;

  ClusterWork(long guestCluster, Kind kind, long oldEntry, List<Segment> segments) {
    this(guestCluster, kind, oldEntry, segments, null);
  }

  private ClusterWork(
      long guestCluster, Kind kind, long oldEntry, List<Segment> segments, byte[] piece) {
    this.guestCluster = guestCluster;
    this.kind = kind;
    this.oldEntry = oldEntry;
    this.segments = List.copyOf(segments);
    this.piece = piece;
  }

  /** Of a whole cluster that was compressed to {@code piece}. */
  static ClusterWork packed(long guestCluster, long oldEntry, byte[] piece) {
    return new ClusterWork(guestCluster, Kind.PACKED, oldEntry, List.of(), piece);
  }

  long guestCluster() {
    return guestCluster;
  }

  Kind kind() {
    return kind;
  }

  /** The raw L2 entry before the batch. */
  long oldEntry() {
    return oldEntry;
  }

  /** What is written, ascending and disjoint. */
  List<Segment> segments() {
    return segments;
  }

  /** How many of the cluster's bytes the batch writes. */
  long covered() {
    return segments.stream().mapToLong(Segment::length).sum();
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
