package dev.drover.qcow2.replica;

import dev.drover.qcow2.PassDiscard;

/**
 * Bounds that an open replica keeps to.
 *
 * @param windowBytes how much space one window sets aside (64 MiB)
 * @param tableCacheBytes memory for cached L2 tables, as {@link dev.drover.qcow2.OpenOptions} says
 *     (32 MiB)
 * @param refcountCacheBytes memory for cached refcount blocks (8 MiB)
 * @param passDiscard of which freed clusters the space goes back to the host's filesystem
 */
public record ReplicaOptions(
    long windowBytes, long tableCacheBytes, long refcountCacheBytes, PassDiscard passDiscard) {

  /** What a replica uses when nobody says otherwise. */
  public static final ReplicaOptions DEFAULT =
      new ReplicaOptions(64L << 20, 32L << 20, 8L << 20, PassDiscard.ALL);
}
