package dev.drover.qcow2.core;

import java.io.IOException;
import java.util.Arrays;

/**
 * Host clusters in the order they were added, as runs; one may be there more than once, each time
 * for one reference.
 */
final class ClusterSequence {

  /** Told of a cluster. */
  @FunctionalInterface
  interface Visitor {
    void reference(long cluster) throws IOException;
  }

  /** Start, length, start, length, … */
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

  /** A reader's place in a sequence. */
  final class Cursor {
    private int run;
    private long within;

    boolean atEnd() {
      return run == used;
    }

    long cluster() {
      return pairs[run] + within;
    }

    void next() {
      if (++within == pairs[run + 1]) {
        within = 0;
        run += 2;
      }
    }
  }

  Cursor cursor() {
    return new Cursor();
  }
}
