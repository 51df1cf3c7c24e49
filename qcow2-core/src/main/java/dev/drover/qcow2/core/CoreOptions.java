package dev.drover.qcow2.core;

import dev.drover.qcow2.PassDiscard;

/**
 * Bounds of an open image.
 *
 * @param windowBytes how much space one window sets aside
 * @param tableCacheBytes memory for slices of L2 tables, see {@link TableSlices}
 * @param refcountCacheBytes memory for refcount blocks
 * @param passDiscard of which freed clusters the space goes back to the host
 * @param journaled whether replay rewrites what a power cut takes: only then a cluster that is
 *     wholly written may be linked before its data is durable
 */
public record CoreOptions(
    long windowBytes,
    long tableCacheBytes,
    long refcountCacheBytes,
    PassDiscard passDiscard,
    boolean journaled) {

  /** The same with another cache of L2 tables. */
  public CoreOptions withTableCacheOf(long bytes) {
    return new CoreOptions(windowBytes, bytes, refcountCacheBytes, passDiscard, journaled);
  }

  /** The same with a smaller window, unless it is as small. */
  public CoreOptions withWindowOfAtMost(long bytes) {
    return new CoreOptions(
        Math.min(windowBytes, bytes), tableCacheBytes, refcountCacheBytes, passDiscard, journaled);
  }
}
