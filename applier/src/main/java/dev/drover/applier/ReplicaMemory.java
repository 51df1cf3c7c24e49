package dev.drover.applier;

import dev.drover.qcow2.replica.ReplicaOptions;

/**
 * How much memory one replica may use, in ninths: two for what is fetched (one of them being
 * decoded), two for what is queued and in the batch under way, four for cached L2 tables, one for
 * cached refcount blocks. An idle replica uses next to nothing of it.
 *
 * @param bytes all of it
 */
public record ReplicaMemory(long bytes) {

  /** What a replica takes that is alone in its process: 72 MiB. */
  public static final ReplicaMemory DEFAULT = new ReplicaMemory(72L << 20);

  private static final int PARTS = 9;

  /** A record of the largest size, with its header, fits into a fetch. */
  private static final ReplicaMemory LEAST = new ReplicaMemory(PARTS << 20);

  /** As much as there is, but never so little that it could not work, nor more than it can use. */
  public static ReplicaMemory within(long bytes) {
    return new ReplicaMemory(Math.clamp(bytes, LEAST.bytes, DEFAULT.bytes));
  }

  /** The most that one fetch from a broker brings. */
  public int fetchBytes() {
    return (int) (bytes / PARTS);
  }

  BatchLimits batches() {
    BatchLimits most = BatchLimits.DEFAULT;
    return new BatchLimits(fetchBytes(), most.maxIntents(), most.maxClusters(), 2 * fetchBytes());
  }

  ReplicaOptions image() {
    ReplicaOptions most = ReplicaOptions.DEFAULT;
    return new ReplicaOptions(
        most.windowBytes(), 4 * bytes / PARTS, bytes / PARTS, most.passDiscard());
  }
}
