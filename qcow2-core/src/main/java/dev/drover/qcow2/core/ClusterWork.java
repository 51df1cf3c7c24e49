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
    NEW
  }

  private final long guestCluster;
  private final Kind kind;
  private final long oldEntry;
  private final List<Segment> segments;
  private Allocation allocation;

  ClusterWork(long guestCluster, Kind kind, long oldEntry, List<Segment> segments) {
    this.guestCluster = guestCluster;
    this.kind = kind;
    this.oldEntry = oldEntry;
    this.segments = List.copyOf(segments);
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

  /** The cluster from the window, of NEW. */
  Allocation allocation() {
    return allocation;
  }

  void assign(Allocation taken) {
    taken.intendForData(guestCluster);
    allocation = taken;
  }
}
