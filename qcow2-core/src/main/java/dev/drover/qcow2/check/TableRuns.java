package dev.drover.qcow2.check;

import java.io.IOException;
import java.util.Arrays;

/**
 * Gathers offsets and hands them on sorted, each once with the number of times it came: in batches,
 * so that memory is bounded whatever an image claims.
 */
final class TableRuns {

  /** Told of each offset of a batch. */
  @FunctionalInterface
  interface Visitor {
    void visit(long offset, int times) throws IOException;
  }

  /** The entries of the largest L1 table: 32 MiB of memory. */
  private static final int BATCH = 4 << 20;

  private final Visitor visitor;
  private long[] offsets = new long[64];
  private int size;

  TableRuns(Visitor visitor) {
    this.visitor = visitor;
  }

  void add(long offset) throws IOException {
    if (size == BATCH) {
      flush();
    }
    if (size == offsets.length) {
      offsets = Arrays.copyOf(offsets, Math.min(2 * size, BATCH));
    }
    offsets[size++] = offset;
  }

  /** Hands on what is left. */
  void flush() throws IOException {
    Arrays.sort(offsets, 0, size);
    for (int i = 0; i < size; ) {
      int first = i;
      while (i < size && offsets[i] == offsets[first]) {
        i++;
      }
      visitor.visit(offsets[first], i - first);
    }
    size = 0;
  }
}
