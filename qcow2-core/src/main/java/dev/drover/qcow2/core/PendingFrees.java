package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;

/**
 * Clusters whose reference was taken away in memory, waiting until that is durable and a later
 * position slot too (I-10). A cluster may be here more than once: each entry is one reference.
 *
 * <pre>
 *   unlinked ──(commit n)──► stamped n ──(commit &gt; n, or a flush without slots)──► releasable
 * </pre>
 */
final class PendingFrees {

  private record Stamped(long commit, Map<DiscardClass, ClusterSequence> clusters) {}

  private record Releasable(DiscardClass why, ClusterSequence.Cursor cursor) {}

  private Map<DiscardClass, ClusterSequence> unlinked = new EnumMap<>(DiscardClass.class);
  private final Deque<Stamped> stamped = new ArrayDeque<>();
  private final Deque<Releasable> releasable = new ArrayDeque<>();

  /** One reference to the cluster is gone from the tables in memory: it was replaced. */
  void unlinked(long cluster) {
    unlinked(cluster, DiscardClass.OTHER);
  }

  /** The same, for any reason. */
  void unlinked(long cluster, DiscardClass why) {
    unlinked.computeIfAbsent(why, _ -> new ClusterSequence()).add(cluster);
  }

  /** The same for a whole tree of tables. */
  void unlinked(ClusterSequence clusters, DiscardClass why) {
    ClusterSequence.Cursor cursor = clusters.cursor();
    for (; !cursor.atEnd(); cursor.next()) {
      unlinked(cursor.cluster(), why);
    }
  }

  /** Commit {@code number} succeeded: what was unlinked before it is durable. */
  void committed(long number) {
    releaseBelow(number);
    if (!unlinked.isEmpty()) {
      stamped.add(new Stamped(number, unlinked));
      unlinked = new EnumMap<>(DiscardClass.class);
    }
  }

  /** Everything unlinked so far may be freed. */
  void releaseAll() {
    releaseBelow(Long.MAX_VALUE);
    release(unlinked);
    unlinked = new EnumMap<>(DiscardClass.class);
  }

  private void releaseBelow(long commit) {
    while (!stamped.isEmpty() && stamped.peek().commit < commit) {
      release(stamped.remove().clusters);
    }
  }

  private void release(Map<DiscardClass, ClusterSequence> clusters) {
    clusters.forEach((why, each) -> releasable.add(new Releasable(why, each.cursor())));
  }

  boolean isEmpty() {
    return unlinked.isEmpty() && stamped.isEmpty() && releasable.isEmpty();
  }

  boolean hasReleasable() {
    return !releasable.isEmpty();
  }

  /** The next cluster to free one reference of. Stays until {@link #released}. */
  long peek() {
    return releasable.element().cursor.cluster();
  }

  /** Why it is freed. */
  DiscardClass peekClass() {
    return releasable.element().why;
  }

  /** The cluster of {@link #peek} has one reference less. */
  void released() {
    ClusterSequence.Cursor cursor = releasable.element().cursor;
    cursor.next();
    if (cursor.atEnd()) {
      releasable.remove();
    }
  }

  /** A recount replaces everything known about references. */
  void clear() {
    unlinked.clear();
    stamped.clear();
    releasable.clear();
  }
}
