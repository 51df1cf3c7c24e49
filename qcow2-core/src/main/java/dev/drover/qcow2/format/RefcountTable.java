package dev.drover.qcow2.format;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * The refcount table; the blocks under it are {@link RefcountBlock}s.
 *
 * <pre>
 *   table entry   63 … 9                        8 … 0
 *                 refcount block offset (÷ 512)  reserved       0: all counts of the block are 0
 *
 *   host cluster  │ table index │ index in block (clusterBits + 3 − refcount order) │
 * </pre>
 */
public final class RefcountTable {

  public static final long OFFSET_MASK = 0xFFFF_FFFF_FFFF_FE00L;
  public static final long RESERVED_MASK = 0x1FFL;

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
    return cluster >>> geometry.blockBits();
  }

  public static int blockIndex(long cluster, Geometry geometry) {
    return (int) cluster & (geometry.blockEntries() - 1);
  }
}
