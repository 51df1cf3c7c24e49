package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import java.util.EnumMap;
import java.util.Map;

/** Clusters whose last reference was taken away, and why, until that is durable. */
final class FreedClusters {

  private final Map<DiscardClass, ClusterRuns> byClass = new EnumMap<>(DiscardClass.class);

  FreedClusters() {
    for (DiscardClass each : DiscardClass.values()) {
      byClass.put(each, new ClusterRuns());
    }
  }

  /** Adds a cluster that is not among them. */
  void add(long cluster, DiscardClass why) {
    byClass.get(why).add(cluster);
  }

  boolean contains(long cluster) {
    for (ClusterRuns runs : byClass.values()) {
      if (runs.contains(cluster)) {
        return true;
      }
    }
    return false;
  }

  boolean isEmpty() {
    return byClass.values().stream().allMatch(ClusterRuns::isEmpty);
  }

  Map<DiscardClass, ClusterRuns> byClass() {
    return byClass;
  }

  void clear() {
    byClass.values().forEach(ClusterRuns::clear);
  }
}
