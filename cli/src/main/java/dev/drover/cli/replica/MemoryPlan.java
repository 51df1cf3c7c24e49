package dev.drover.cli.replica;

import dev.drover.applier.ReplicaMemory;

/**
 * What the volumes of one process may use: half of the heap, divided by how many there can be. Each
 * has its share for itself, so that one that is far behind, or whose disk is full, takes nothing
 * from another.
 *
 * @param replica of each replica
 * @param overlayBytes of each gateway's overlay
 */
record MemoryPlan(ReplicaMemory replica, long overlayBytes) {
  /** What a single gateway's overlay is by default, where the heap has room. */
  static final long OVERLAY_BYTES = 256L << 20;

  /** One of many still takes a burst of writes. */
  private static final long LEAST_OVERLAY_BYTES = 8L << 20;

  static MemoryPlan ofThisProcess(int volumes) {
    return of(Runtime.getRuntime().maxMemory(), volumes);
  }

  static MemoryPlan of(long heapBytes, int volumes) {
    long all = allOverlays(heapBytes);
    return new MemoryPlan(
        ReplicaMemory.within(heapBytes / 2 / volumes),
        Math.max(LEAST_OVERLAY_BYTES, all / volumes));
  }

  /** What the gateways of a process share. */
  static long allOverlays(long heapBytes) {
    return Math.min(OVERLAY_BYTES, heapBytes / 4);
  }
}
