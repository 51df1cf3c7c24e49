package dev.drover.qcow2.core;

import dev.drover.qcow2.DirtyRange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Geometry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.LongSupplier;

/** The dirty ranges of a bitmap, read from the file a cluster at a time. One thread. */
final class BitmapBits implements Iterator<DirtyRange> {

  /** The bits of one table entry, those in memory included, as long as the bitmaps are the same. */
  @FunctionalInterface
  interface Chunks {
    BitSet read(int chunk, long entry) throws IOException;
  }

  private final long[] entries;
  private final Chunks chunks;
  private final LongSupplier end;
  private final int granularityBits;
  private final int chunkBits;
  private BitSet bits = new BitSet();
  private int chunk = -1;
  private int next;
  private DirtyRange ahead;

  /**
   * @param end of the disk
   */
  BitmapBits(
      long[] entries, int granularityBits, Geometry geometry, LongSupplier end, Chunks chunks) {
    this.entries = entries;
    this.granularityBits = granularityBits;
    this.chunkBits = geometry.clusterBits() + 3;
    this.end = end;
    this.chunks = chunks;
  }

  /** What a table entry stands for. */
  static BitSet read(ImageCore core, long entry) throws IOException {
    if (BitmapDirectory.isAllOnes(entry)) {
      BitSet all = new BitSet();
      all.set(0, core.geometry().clusterSize() << 3);
      return all;
    }
    long offset = BitmapDirectory.offset(entry);
    if (offset == 0) {
      return new BitSet();
    }
    byte[] bytes = new byte[core.geometry().clusterSize()];
    core.disk().readTable(bytes, core.pointers().bitmap(offset));
    return BitSet.valueOf(bytes);
  }

  @Override
  public boolean hasNext() {
    if (ahead == null) {
      ahead = find();
    }
    return ahead != null;
  }

  @Override
  public DirtyRange next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    DirtyRange range = ahead;
    ahead = null;
    return range;
  }

  /** The next run of set bits, over the ends of clusters too; null behind the last. */
  private DirtyRange find() {
    long first = -1;
    while (chunk < entries.length) {
      int from = first < 0 ? bits.nextSetBit(next) : next;
      if (from < 0 || from == 1 << chunkBits) {
        load();
        continue;
      }
      int to = bits.nextClearBit(from);
      long base = (long) chunk << chunkBits;
      if (first < 0) {
        first = base + from;
      }
      next = to;
      if (to < 1 << chunkBits) {
        return range(first, base + to);
      }
    }
    return first < 0 ? null : range(first, (long) entries.length << chunkBits);
  }

  private void load() {
    chunk++;
    next = 0;
    try {
      bits = chunk < entries.length ? chunks.read(chunk, entries[chunk]) : new BitSet();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Bits behind the end of the disk mean nothing. */
  private DirtyRange range(long first, long last) {
    long start = first << granularityBits;
    long stop = Math.min(last << granularityBits, end.getAsLong());
    return start < stop ? new DirtyRange(new GuestOffset(start), stop - start) : null;
  }
}
