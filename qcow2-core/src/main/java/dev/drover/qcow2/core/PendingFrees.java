package dev.drover.qcow2.core;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Clusters whose reference was taken away in memory, waiting until that is durable and a later
 * position slot too (I-10). A cluster may be here more than once: each entry is one reference.
 *
 * <pre>
 *   unlinked ──(commit n)──► stamped n ──(commit &gt; n, or a flush without slots)──► releasable
 * </pre>
 */
final class PendingFrees {

  private record Stamped(long commit, ClusterSequence clusters) {}

  private ClusterSequence unlinked = new ClusterSequence();
  private final Deque<Stamped> stamped = new ArrayDeque<>();
  private final Deque<ClusterSequence.Cursor> releasable = new ArrayDeque<>();

  /** One reference to the cluster is gone from the tables in memory. */
  void unlinked(long cluster) {
    unlinked.add(cluster);
  }

  /** The same for a whole tree of tables. */
  void unlinked(ClusterSequence clusters) {
    ClusterSequence.Cursor cursor = clusters.cursor();
    for (; !cursor.atEnd(); cursor.next()) {
      unlinked.add(cursor.cluster());
    }
  }

  /** Commit {@code number} succeeded: what was unlinked before it is durable. */
  void committed(long number) {
    releaseBelow(number);
    if (!unlinked.isEmpty()) {
      stamped.add(new Stamped(number, unlinked));
      unlinked = new ClusterSequence();
    }
  }

  /** Everything unlinked so far may be freed. */
  void releaseAll() {
    releaseBelow(Long.MAX_VALUE);
    if (!unlinked.isEmpty()) {
      releasable.add(unlinked.cursor());
      unlinked = new ClusterSequence();
    }
  }

  private void releaseBelow(long commit) {
    while (!stamped.isEmpty() && stamped.peek().commit < commit) {
      releasable.add(stamped.remove().clusters.cursor());
    }
  }

  boolean isEmpty() {
    return unlinked.isEmpty() && stamped.isEmpty() && releasable.isEmpty();
  }

  boolean hasReleasable() {
    return !releasable.isEmpty();
  }

  /** The next cluster to free one reference of. Stays until {@link #released}. */
  long peek() {
    return releasable.element().cluster();
  }

  /** The cluster of {@link #peek} has one reference less. */
  void released() {
    ClusterSequence.Cursor cursor = releasable.element();
    cursor.next();
    if (cursor.atEnd()) {
      releasable.remove();
    }
  }

  /** A recount replaces everything known about references. */
  void clear() {
    unlinked = new ClusterSequence();
    stamped.clear();
    releasable.clear();
  }
}
