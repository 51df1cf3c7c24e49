package dev.drover.qcow2.check;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.RefcountBlock;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/**
 * The refcounts that the image stores, read block by block: sequential questions cost one read a
 * block.
 */
public final class StoredRefcounts {

  /** Told of every cluster whose stored refcount is not the counted one, in ascending order. */
  public interface Visitor {

    /** {@code stored} higher: a leak. Lower: a corruption. */
    void differs(long cluster, long stored, long references) throws IOException;

    /** The block that counts these clusters has no usable place in the file. */
    void unreadable(long firstCluster, long clusters) throws IOException;
  }

  private static final long NO_BLOCK = -1;

  /** QEMU asks for nothing behind it. */
  private static final long MAX_FILE_BYTES = Long.MAX_VALUE - (2L << 30);

  private final BlockFile file;
  private final Geometry geometry;
  private final long[] table;
  private final ByteBuffer blockBytes;
  private final RefcountBlock block;
  private long blockIndex = NO_BLOCK;

  public StoredRefcounts(BlockFile file, Header header) throws IOException {
    this.file = file;
    this.geometry = header.geometry();
    this.table = RefcountTable.read(file, header);
    this.blockBytes = ByteBuffer.allocate(geometry.clusterSize());
    this.block = new RefcountBlock(blockBytes, geometry);
  }

  /** Clusters that the table has room to count. */
  long capacity() {
    return (long) table.length * geometry.blockEntries();
  }

  /** Where the block that counts this cluster is; 0 for nowhere. */
  long blockOffset(long cluster) {
    long index = RefcountTable.tableIndex(cluster, geometry);
    return index < table.length ? RefcountTable.offset(table[(int) index]) : 0;
  }

  /** Whether the block that counts this cluster could be where the table says, or is not there. */
  public boolean isReadable(long cluster) {
    long offset = blockOffset(cluster);
    return offset >= 0 && offset <= MAX_FILE_BYTES && geometry.isAligned(offset);
  }

  /** Whether a block of the file counts this cluster. */
  boolean hasBlock(long cluster) throws IOException {
    long offset = blockOffset(cluster);
    return offset != 0 && isReadable(cluster) && offset < file.length();
  }

  /** The stored refcount; 0 where no block counts the cluster. */
  public long get(long cluster) throws IOException {
    long index = RefcountTable.tableIndex(cluster, geometry);
    if (blockOffset(cluster) == 0 || !isReadable(cluster)) {
      return 0;
    }
    if (blockIndex != index) {
      blockIndex = NO_BLOCK;
      file.read(blockBytes.clear(), blockOffset(cluster));
      blockIndex = index;
    }
    return block.get(RefcountTable.blockIndex(cluster, geometry));
  }

  /**
   * Compares every stored refcount with the counted references, also behind the end of the file
   * (where qemu-img does not look, and where a refcount becomes a leak once the file grows). There
   * each block is looked at once, whatever entries share it: a table can claim a billion of them.
   */
  public void compare(ReferenceCount counted, Visitor visitor) throws IOException {
    long entries = geometry.blockEntries();
    long checked = counted.checkedClusters();
    long end = Math.max(capacity(), checked);
    Set<Long> behind = new HashSet<>();
    for (long first = 0; first < end; first += entries) {
      long offset = blockOffset(first);
      boolean exists = offset != 0 && offset < file.length();
      if (!isReadable(first)) {
        visitor.unreadable(first, entries);
      } else if (first < checked
          ? exists || counted.anyReferences(first, entries)
          : exists && behind.add(offset)) {
        compareBlock(first, counted, visitor);
      }
    }
  }

  private void compareBlock(long first, ReferenceCount counted, Visitor visitor)
      throws IOException {
    boolean exists = blockOffset(first) != 0;
    for (int i = 0; i < geometry.blockEntries(); i++) {
      // The first one has read the block, and a visitor asks for no other.
      long stored = !exists ? 0 : i == 0 ? get(first) : block.get(i);
      long references = counted.references(first + i);
      if (stored != references) {
        visitor.differs(first + i, stored, references);
      }
    }
  }
}
