package dev.drover.qcow2.core;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.HostOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of host cluster numbers, kept as runs: freeing a whole disk must not need a node each. */
final class ClusterRuns {

  private final TreeMap<Long, Long> endByStart = new TreeMap<>();
  private long size;

  boolean contains(long cluster) {
    Map.Entry<Long, Long> run = endByStart.floorEntry(cluster);
    return run != null && cluster < run.getValue();
  }

  /** Adds a cluster that is not in the set. */
  void add(long cluster) {
    long start = cluster;
    long end = cluster + 1;
    Map.Entry<Long, Long> before = endByStart.floorEntry(cluster);
    if (before != null && before.getValue() >= cluster) {
      if (before.getValue() > cluster) {
        throw new IllegalStateException("cluster " + cluster + " is in the set already");
      }
      start = before.getKey();
    }
    Long after = endByStart.remove(end);
    if (after != null) {
      end = after;
    }
    endByStart.put(start, end);
    size++;
  }

  /** Adds every cluster of another set, which has none in common with this one. */
  void addAll(ClusterRuns other) {
    other.endByStart.forEach(
        (start, end) -> {
          for (long cluster = start; cluster < end; cluster++) {
            add(cluster);
          }
        });
  }

  boolean isEmpty() {
    return size == 0;
  }

  long size() {
    return size;
  }

  void clear() {
    endByStart.clear();
    size = 0;
  }

  /** The runs, ascending. */
  List<ClusterExtent> extents(int clusterBits) {
    List<ClusterExtent> extents = new ArrayList<>(endByStart.size());
    endByStart.forEach(
        (start, end) ->
            extents.add(new ClusterExtent(new HostOffset(start << clusterBits), end - start)));
    return extents;
  }
}
