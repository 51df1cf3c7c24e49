package dev.drover.qcow2.core;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.RefcountBlock;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many references each host cluster has: the refcount table, its blocks, and the changes to
 * them that are not in the file yet.
 *
 * <p>A change is made in memory and marked; {@link #writeChanged} puts it into the file, {@link
 * ImageCore#sync} makes it durable. Blocks that are marked stay in memory until then, all others
 * are a bounded cache. A block that is new is not reachable in the file until {@link #publish}.
 *
 * <p>The writing thread only.
 */
final class Refcounts {

  /** A block in memory, and which of its entries the file lacks: [changedFrom, changedTo). */
  private static final class Block {
    private final RefcountBlock counts;
    private int changedFrom = Integer.MAX_VALUE;
    private int changedTo;

    Block(RefcountBlock counts) {
      this.counts = counts;
    }

    void change(int index, long count) {
      counts.set(index, count);
      changedFrom = Math.min(changedFrom, index);
      changedTo = Math.max(changedTo, index + 1);
    }

    void written() {
      changedFrom = Integer.MAX_VALUE;
      changedTo = 0;
    }
  }

  private record NewBlock(Allocation home, Block block) {}

  private final Disk disk;
  private final Geometry geometry;
  private final Pointers pointers;
  private final TableCache<Block> cache;
  private final TreeMap<Integer, Block> changed = new TreeMap<>();
  private final TreeMap<Integer, NewBlock> unpublished = new TreeMap<>();
  private long[] table;
  private TablePointer place;

  Refcounts(Disk disk, Geometry geometry, TablePointer place, Pointers pointers, long cacheBytes)
      throws IOException {
    this.disk = disk;
    this.geometry = geometry;
    this.pointers = pointers;
    this.cache =
        new TableCache<>(
            (int) Math.min(cacheBytes / geometry.clusterSize(), 1 << 20), this::loadBlock);
    load(place);
  }

  /** Reads the table anew; everything in memory is dropped. */
  void load(TablePointer from) throws IOException {
    byte[] bytes = new byte[Math.multiplyExact(from.count(), geometry.clusterSize())];
    disk.readTable(bytes, from.offset().bytes());
    long[] entries = new long[bytes.length / Long.BYTES];
    ByteBuffer.wrap(bytes).asLongBuffer().get(entries);
    cache.clear();
    changed.clear();
    unpublished.clear();
    place = from;
    table = entries;
    pointers.refcountTable(from, entries);
  }

  private Block loadBlock(long offset) throws IOException {
    byte[] bytes = new byte[geometry.clusterSize()];
    disk.readTable(bytes, offset);
    return new Block(new RefcountBlock(ByteBuffer.wrap(bytes), geometry));
  }

  /** The number of the block that counts a cluster. */
  int blockOf(long cluster) {
    return Math.toIntExact(cluster >>> geometry.blockBits());
  }

  private int indexOf(long cluster) {
    return (int) cluster & (geometry.blockEntries() - 1);
  }

  /** How many blocks the table has room for. */
  int tableEntries() {
    return table.length;
  }

  TablePointer place() {
    return place;
  }

  boolean hasBlock(int block) {
    return block < table.length && table[block] != 0 || unpublished.containsKey(block);
  }

  private Block block(int number) throws IOException {
    Block marked = changed.get(number);
    if (marked != null) {
      return marked;
    }
    NewBlock fresh = unpublished.get(number);
    if (fresh != null) {
      return fresh.block;
    }
    if (number >= table.length || table[number] == 0) {
      return null;
    }
    return cache.get(pointers.refcountBlock(table[number], number));
  }

  long get(long cluster) throws IOException {
    if (cluster >>> geometry.blockBits() >= Integer.MAX_VALUE) {
      return 0; // no table has room to count it: somebody's bad pointer
    }
    Block block = block(blockOf(cluster));
    return block == null ? 0 : block.counts.get(indexOf(cluster));
  }

  /** All counts of a block that exists; not to be changed. */
  RefcountBlock counts(int block) throws IOException {
    return block(block).counts;
  }

  /**
   * The first cluster from {@code from} on, below {@code limit}, that has no references; {@code
   * limit} when there is none. Clusters without a block are free.
   */
  long nextFree(long from, long limit) throws IOException {
    long cluster = from;
    while (cluster < limit) {
      Block block = block(blockOf(cluster));
      if (block == null) {
        return cluster;
      }
      int index = indexOf(cluster);
      int end = (int) Math.min(geometry.blockEntries(), index + (limit - cluster));
      for (int i = index; i < end; i++) {
        if (block.counts.get(i) == 0) {
          return cluster + (i - index);
        }
      }
      cluster += end - index;
    }
    return limit;
  }

  /** Changes one count in memory. Its block exists. */
  void set(long cluster, long count) throws IOException {
    int number = blockOf(cluster);
    Block block = block(number);
    if (block == null || count < 0 || count > geometry.maxRefcount()) {
      throw new IllegalStateException("refcount " + count + " for cluster " + cluster);
    }
    block.change(indexOf(cluster), count);
    if (!unpublished.containsKey(number)) {
      changed.put(number, block);
    }
  }

  /** Adds to one count in memory; the result must be a count. */
  long add(long cluster, int delta) throws IOException {
    long before = get(cluster);
    if (delta > 0 && before > geometry.maxRefcount() - delta || before + delta < 0) {
      throw new Qcow2Exception(
          delta < 0 ? Code.CORRUPT : Code.OUT_OF_RANGE,
          disk.name(),
          cluster << geometry.clusterBits(),
          delta < 0
              ? "the cluster is referenced but its refcount is 0"
              : "the cluster has %d references, the most that refcounts of %d bits hold"
                  .formatted(before, geometry.refcountBits()),
          delta < 0
              ? "run image check"
              : "delete a snapshot, or copy the image to one with wider refcounts");
    }
    set(cluster, before + delta);
    return before + delta;
  }

  /** Blocks that the file lacks changes of. */
  int changedBlocks() {
    return changed.size();
  }

  /** Writes what changed in published blocks, one write a block. */
  void writeChanged() throws IOException {
    Iterator<Map.Entry<Integer, Block>> entries = changed.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<Integer, Block> entry = entries.next();
      long offset = table[entry.getKey()];
      Block block = entry.getValue();
      int from = block.changedFrom;
      ByteBuffer bytes = block.counts.copy(from, block.changedTo);
      // Handed over: from here on the disk remembers these bytes, also if the write fails.
      block.written();
      entries.remove();
      cache.put(offset, block);
      disk.writeTable(offset + block.counts.firstByte(from), bytes);
    }
  }

  /** Adds an empty block for clusters that had none; it is not reachable in the file yet. */
  void addUnpublished(int number, Allocation home) {
    if (hasBlock(number)) {
      throw new IllegalStateException("refcount block " + number + " exists");
    }
    Block block = new Block(RefcountBlock.empty(geometry));
    unpublished.put(number, new NewBlock(home, block));
  }

  boolean hasUnpublished() {
    return !unpublished.isEmpty();
  }

  /** Writes the new blocks whole; the caller syncs before it calls {@link #publish}. */
  void writeUnpublished() throws IOException {
    for (NewBlock each : unpublished.values()) {
      each.home.aboutToBeWritten();
      disk.writeTable(
          each.home.offset(geometry.clusterBits()),
          each.block.counts.copy(0, geometry.blockEntries()));
      each.block.written();
    }
  }

  /**
   * Makes the new blocks reachable through the table where it stands. The blocks are durable
   * already, so no order matters between the entries.
   */
  void publish(AllocationList list) throws IOException {
    while (!unpublished.isEmpty()) {
      int number = unpublished.firstKey();
      NewBlock fresh = unpublished.get(number);
      long offset = fresh.home.offset(geometry.clusterBits());
      ByteBuffer entry = ByteBuffer.allocate(Long.BYTES).putLong(offset).flip();
      list.linkSubmitted(fresh.home);
      adopt(number, fresh, offset); // no failure may come between these three lines: I-04
      disk.writeTable(place.offset().bytes() + (long) number * Long.BYTES, entry);
    }
  }

  private void adopt(int number, NewBlock fresh, long offset) {
    table[number] = offset;
    unpublished.remove(number);
    pointers.addBlock(offset);
    if (fresh.block.changedTo > 0) {
      changed.put(number, fresh.block);
    } else {
      cache.put(offset, fresh.block);
    }
  }

  /** The content of a larger table that holds the new blocks too, for the caller to write. */
  ByteBuffer tableWithUnpublished(int clusters) {
    ByteBuffer bytes = ByteBuffer.allocate(clusters << geometry.clusterBits());
    bytes.asLongBuffer().put(table);
    unpublished.forEach(
        (number, fresh) ->
            bytes.putLong(number * Long.BYTES, fresh.home.offset(geometry.clusterBits())));
    return bytes;
  }

  /** The header's pointer to the larger table is being submitted: memory follows it. */
  TablePointer switchTable(HostOffset start, int clusters, AllocationList list) {
    TablePointer old = place;
    long[] larger = new long[geometry.refcountTableEntries(clusters)];
    System.arraycopy(table, 0, larger, 0, table.length);
    table = larger;
    place = new TablePointer(start, clusters);
    while (!unpublished.isEmpty()) {
      int number = unpublished.firstKey();
      NewBlock fresh = unpublished.get(number);
      list.linkSubmitted(fresh.home);
      adopt(number, fresh, fresh.home.offset(geometry.clusterBits()));
    }
    pointers.refcountTable(place, table);
    return old;
  }

  /** Forgets new blocks that were never published, and with them the counts that they held. */
  void dropUnpublished() {
    unpublished.clear();
  }

  /** Whether a count is kept in a block that the file can reach. */
  boolean isPublished(long cluster) {
    int number = blockOf(cluster);
    return number < table.length && table[number] != 0;
  }

  /** Drops cached tables in a freed cluster. */
  void forget(long offset) {
    cache.forget(offset);
  }

  /** Offset of every block in the file, 0 where there is none; not to be changed. */
  long[] blocks() {
    return table;
  }
}
