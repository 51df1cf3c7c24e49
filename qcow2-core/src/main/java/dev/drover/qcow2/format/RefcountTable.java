package dev.drover.qcow2.format;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The refcount table and the blocks under it.
 *
 * <pre>
 *   table entry   63 … 9                        8 … 0
 *                 refcount block offset (÷ 512)  reserved       0: all counts of the block are 0
 *
 *   block         16-bit counts, big-endian, one a cluster: clusterSize ÷ 2 of them
 *
 *   host cluster  │ table index │ index in block (clusterBits − 1 bits) │
 * </pre>
 */
public final class RefcountTable {

  public static final long OFFSET_MASK = 0xFFFF_FFFF_FFFF_FE00L;
  public static final long RESERVED_MASK = 0x1FFL;

  /** The highest count that 16 bits hold. */
  public static final int MAX_REFCOUNT = 0xFFFF;

  private RefcountTable() {}

  /** Raw entries of the table that the header points at, as far as the file holds them. */
  public static long[] read(BlockFile file, Header header) throws IOException {
    TablePointer table = header.refcountTable();
    return PointerTable.readBacked(
        file, table.offset(), header.geometry().refcountTableEntries(table.count()));
  }

  /** Of the block, 0 for none. */
  public static long offset(long entry) {
    return entry & OFFSET_MASK;
  }

  /** Index into the table of the block that counts this cluster. */
  public static long tableIndex(long cluster, Geometry geometry) {
    return cluster >>> (geometry.clusterBits() - 1);
  }

  public static int blockIndex(long cluster, Geometry geometry) {
    return (int) cluster & (geometry.blockEntries() - 1);
  }

  public static int count(ByteBuffer block, int index) {
    return block.getShort(2 * index) & 0xFFFF;
  }

  public static void setCount(ByteBuffer block, int index, int count) {
    if (count < 0 || count > MAX_REFCOUNT) {
      throw new IllegalArgumentException("refcount " + count);
    }
    block.putShort(2 * index, (short) count);
  }
}
