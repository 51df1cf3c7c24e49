package dev.drover.qcow2.core;

import java.util.ArrayDeque;
import java.util.Arrays;
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

  /** Runs of clusters in the order they were unlinked: start, length, start, length, … */
  private static final class Runs {
    private long[] pairs = new long[8];
    private int used;

    void add(long cluster) {
      if (used > 0 && pairs[used - 2] + pairs[used - 1] == cluster) {
        pairs[used - 1]++;
        return;
      }
      if (used == pairs.length) {
        pairs = Arrays.copyOf(pairs, used * 2);
      }
      pairs[used++] = cluster;
      pairs[used++] = 1;
    }

    boolean isEmpty() {
      return used == 0;
    }
  }

  private record Stamped(long commit, Runs runs) {}

  private Runs unlinked = new Runs();
  private final Deque<Stamped> stamped = new ArrayDeque<>();
  private final Deque<Runs> releasable = new ArrayDeque<>();
  private int runAt;
  private long clusterAt;

  /** One reference to the cluster is gone from the tables in memory. */
  void unlinked(long cluster) {
    unlinked.add(cluster);
  }

  /** Commit {@code number} succeeded: what was unlinked before it is durable. */
  void committed(long number) {
    releaseBelow(number);
    if (!unlinked.isEmpty()) {
      stamped.add(new Stamped(number, unlinked));
      unlinked = new Runs();
    }
  }

  /** Everything unlinked so far may be freed. */
  void releaseAll() {
    releaseBelow(Long.MAX_VALUE);
    if (!unlinked.isEmpty()) {
      releasable.add(unlinked);
      unlinked = new Runs();
    }
  }

  private void releaseBelow(long commit) {
    while (!stamped.isEmpty() && stamped.peek().commit < commit) {
      releasable.add(stamped.remove().runs);
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
    return releasable.element().pairs[runAt] + clusterAt;
  }

  /** The cluster of {@link #peek} has one reference less. */
  void released() {
    Runs runs = releasable.element();
    if (++clusterAt < runs.pairs[runAt + 1]) {
      return;
    }
    clusterAt = 0;
    runAt += 2;
    if (runAt == runs.used) {
      runAt = 0;
      releasable.remove();
    }
  }

  /** A recount replaces everything known about references. */
  void clear() {
    unlinked = new Runs();
    stamped.clear();
    releasable.clear();
    runAt = 0;
    clusterAt = 0;
  }
}
