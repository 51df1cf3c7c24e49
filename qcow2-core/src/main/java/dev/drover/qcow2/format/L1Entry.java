package dev.drover.qcow2.format;

/**
 * An entry of an L1 table: the L2 table of a stretch of the guest's disk, or 0.
 *
 * <pre>
 *   63      62 … 56    55 … 9                    8 … 0
 *   COPIED  reserved   L2 table offset (÷ 512)   reserved
 * </pre>
 *
 * <p>COPIED says that the table's refcount is exactly one: it may be changed in place. It is
 * meaningful in the active table only.
 */
public final class L1Entry {

  public static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;
  public static final long COPIED = 1L << 63;
  public static final long RESERVED_MASK = 0x7F00_0000_0000_01FFL;

  private L1Entry() {}

  /** Of the L2 table, 0 for none. */
  public static long offset(long entry) {
    return entry & OFFSET_MASK;
  }

  public static boolean isCopied(long entry) {
    return entry < 0;
  }

  public static long of(long l2Offset, boolean copied) {
    assert (l2Offset & ~OFFSET_MASK) == 0 && l2Offset != 0 : l2Offset;
    return l2Offset | (copied ? COPIED : 0);
  }
}
