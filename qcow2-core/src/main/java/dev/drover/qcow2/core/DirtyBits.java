package dev.drover.qcow2.core;

import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * Bits that were set since a bitmap was stored. Kept by chunks, each the bits that one cluster of
 * the bitmap holds; a chunk of which all bits are set takes no memory.
 *
 * <p>Any thread.
 */
final class DirtyBits {

  /** Stands for a chunk of which all bits are set. */
  private static final BitSet ALL = new BitSet(0);

  private final int granularityBits;
  private final int chunkBits;
  private final TreeMap<Integer, BitSet> chunks = new TreeMap<>();

  /**
   * @param clusterBits cluster size of the image that will hold them
   */
  DirtyBits(int granularityBits, int clusterBits) {
    this.granularityBits = granularityBits;
    this.chunkBits = clusterBits + 3;
  }

  /** Sets every bit that stands for a byte of [from, end). */
  synchronized void add(long from, long end) {
    long bit = from >>> granularityBits;
    long last = end - 1 >>> granularityBits;
    while (bit <= last) {
      int chunk = Math.toIntExact(bit >>> chunkBits);
      long start = (long) chunk << chunkBits;
      int first = (int) (bit - start);
      int to = (int) Math.min(1L << chunkBits, last + 1 - start);
      if (first == 0 && to == 1 << chunkBits) {
        chunks.put(chunk, ALL);
      } else {
        BitSet bits = chunks.computeIfAbsent(chunk, _ -> new BitSet());
        if (bits != ALL) {
          bits.set(first, to);
        }
      }
      bit = start + to;
    }
  }

  /** The same bits, to be added to. */
  synchronized DirtyBits copy() {
    DirtyBits copy = new DirtyBits(granularityBits, chunkBits - 3);
    chunks.forEach(
        (chunk, bits) -> copy.chunks.put(chunk, bits == ALL ? ALL : (BitSet) bits.clone()));
    return copy;
  }

  /** Chunks with a bit set, ascending. */
  synchronized Collection<Integer> chunks() {
    return List.copyOf(chunks.keySet());
  }

  synchronized boolean isAll(int chunk) {
    return chunks.get(chunk) == ALL;
  }

  /** Adds what is set in a chunk. */
  synchronized void addTo(BitSet bits, int chunk) {
    BitSet more = chunks.get(chunk);
    if (more == ALL) {
      bits.set(0, 1 << chunkBits);
    } else if (more != null) {
      bits.or(more);
    }
  }
}
