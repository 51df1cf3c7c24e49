package dev.drover.qcow2.core;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import java.io.IOException;

/**
 * The L2 tables as the file has them, and the slices of them that were used last in memory: a table
 * of a large cluster maps far more than a guest touches, so the cache takes it in pieces.
 *
 * <p>The cache holds {@code cacheBytes} of entries, which map {@code cacheBytes / 8 * clusterSize}
 * guest bytes ({@code / 16} with extended entries): 32 MiB are enough for 256 GiB in clusters of 64
 * KiB. With room for all tables of the disk, those of its snapshots included if they are read,
 * nothing is ever evicted, and each slice is read once. It takes no less than two slices.
 *
 * <p>Slices change under the write lock and are written through at once, so one that is evicted can
 * be read again: the file, with what {@link Disk} knows that it lacks, says the same.
 *
 * <p><b>Threads.</b> {@link #copy} may be called by any thread whose entries nobody changes
 * meanwhile. What fills the cache belongs under the read lock, the write lock or the metadata lock,
 * or to the only thread that writes: otherwise an old slice could be read before a change and go
 * into the cache after it.
 */
final class TableSlices {

  /** What is read and evicted at a time, unless clusters are smaller. */
  static final int SLICE_BYTES = 4 << 10;

  private final Disk disk;
  private final Geometry geometry;
  private final int sliceBytes;
  private final int perSlice;
  private final TableCache<L2Table> slices;

  TableSlices(Disk disk, Geometry geometry, long cacheBytes) {
    this.disk = disk;
    this.geometry = geometry;
    this.sliceBytes = Math.min(SLICE_BYTES, geometry.clusterSize());
    this.perSlice = sliceBytes / geometry.l2EntryBytes();
    int limit = (int) Math.min(cacheBytes / sliceBytes, Integer.MAX_VALUE);
    this.slices = new TableCache<>(limit, at -> read(at, sliceBytes));
  }

  private L2Table read(long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    disk.readTable(bytes, offset);
    return L2Table.of(bytes, geometry);
  }

  /** Where the slice that an entry is in is in the file. */
  private long place(long table, int index) {
    return table + (long) (index / perSlice) * sliceBytes;
  }

  /** One entry. */
  L2Entry get(long table, int index) throws IOException {
    return slices.get(place(table, index)).get(index % perSlice);
  }

  /** Entries [from, to): those of one slice through the cache, more beside it. */
  TablePart part(long table, int from, int to) throws IOException {
    if (from / perSlice == (to - 1) / perSlice) {
      slices.get(place(table, from));
    }
    return copy(table, from, to);
  }

  /**
   * Entries [from, to) beside the cache: put together from what is in it and, if anything is
   * missing, one read. A walk over whole tables evicts nothing.
   */
  TablePart copy(long table, int from, int to) throws IOException {
    L2Table[] cached = new L2Table[(to - 1) / perSlice - from / perSlice + 1];
    boolean complete = true;
    for (int i = 0; i < cached.length; i++) {
      cached[i] = slices.cached(place(table, from + i * perSlice));
      complete &= cached[i] != null;
    }
    int length = (to - from) * geometry.l2EntryBytes();
    long start = table + (long) from * geometry.l2EntryBytes();
    L2Table entries = complete ? L2Table.of(new byte[length], geometry) : read(start, length);
    for (int i = 0; i < cached.length; i++) {
      if (cached[i] != null) {
        int first = (from / perSlice + i) * perSlice;
        int low = Math.max(first, from);
        int high = Math.min(first + perSlice, to);
        entries.put(low - from, cached[i].part(low - first, high - first));
      }
    }
    return new TablePart(table, from, entries);
  }

  /** Submits a part that was changed: in every slice that is in memory, then in the file. */
  void write(TablePart part) throws IOException {
    for (int low = part.from(); low < part.to(); ) {
      int high = Math.min((low / perSlice + 1) * perSlice, part.to());
      L2Table slice = slices.cached(place(part.table(), low));
      if (slice != null) {
        slice.put(low % perSlice, part.entries().part(low - part.from(), high - part.from()));
      }
      low = high;
    }
    disk.writeTable(
        part.table() + (long) part.from() * geometry.l2EntryBytes(), part.entries().encode());
  }

  /** Takes in a whole table that was written. */
  void put(long table, L2Table content) {
    for (int at = 0; at < content.entries(); at += perSlice) {
      slices.put(place(table, at), content.part(at, at + perSlice));
    }
  }

  /** Changes the entry at this place of the file, if it is in memory. */
  void correct(long at, long[] entry) {
    long start = at - at % sliceBytes;
    L2Table slice = slices.cached(start);
    if (slice != null) {
      slice.setWords((int) (at - start), entry);
    }
  }

  /** Drops every slice in a freed cluster. */
  void forget(long cluster) {
    for (long at = cluster; at < cluster + geometry.clusterSize(); at += sliceBytes) {
      slices.forget(at);
    }
  }

  void clear() {
    slices.clear();
  }

  /** How many slices are in memory. */
  int count() {
    return slices.count();
  }
}
