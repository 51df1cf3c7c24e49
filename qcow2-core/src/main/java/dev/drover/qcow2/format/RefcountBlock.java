package dev.drover.qcow2.format;

import java.nio.ByteBuffer;

/**
 * The counts of one refcount block, held as they stand in the file.
 *
 * <pre>
 *   8 to 64 bits   big-endian, one after the other
 *   1, 2, 4 bits   packed into bytes, the first count in the lowest bits
 *
 *                  byte 0                          byte 1
 *     4 bits       │ count 1      │ count 0      │ │ count 3 …
 *     1 bit        │7│6│5│4│3│2│1│0│               │15│14 …
 * </pre>
 *
 * <p>A 64-bit count above {@code Long.MAX_VALUE}, which no image can need, reads as that.
 */
public final class RefcountBlock {

  private final int order;
  private final ByteBuffer bytes;

  /**
   * @param bytes one cluster, shared with the caller
   */
  public RefcountBlock(ByteBuffer bytes, Geometry geometry) {
    if (bytes.capacity() != geometry.clusterSize()) {
      throw new IllegalArgumentException("a block of " + bytes.capacity() + " bytes");
    }
    this.order = geometry.refcountOrder();
    this.bytes = bytes;
  }

  /** A block whose counts are all 0. */
  public static RefcountBlock empty(Geometry geometry) {
    return new RefcountBlock(ByteBuffer.allocate(geometry.clusterSize()), geometry);
  }

  public long get(int index) {
    return switch (order) {
      case 3 -> bytes.get(index) & 0xFF;
      case 4 -> bytes.getShort(2 * index) & 0xFFFF;
      case 5 -> bytes.getInt(4 * index) & 0xFFFF_FFFFL;
      case 6 -> {
        long count = bytes.getLong(8 * index);
        yield count < 0 ? Long.MAX_VALUE : count;
      }
      default -> bytes.get(byteOf(index)) >>> shift(index) & mask();
    };
  }

  public void set(int index, long count) {
    if (count < 0 || order < 6 && count >>> (1 << order) != 0) {
      throw new IllegalArgumentException("refcount " + count + " in " + (1 << order) + " bits");
    }
    switch (order) {
      case 3 -> bytes.put(index, (byte) count);
      case 4 -> bytes.putShort(2 * index, (short) count);
      case 5 -> bytes.putInt(4 * index, (int) count);
      case 6 -> bytes.putLong(8 * index, count);
      default -> {
        int others = bytes.get(byteOf(index)) & ~(mask() << shift(index));
        bytes.put(byteOf(index), (byte) (others | count << shift(index)));
      }
    }
  }

  private int mask() {
    return (1 << (1 << order)) - 1;
  }

  private int shift(int index) {
    return (index << order) & 7;
  }

  /** The byte of the block in which a count begins. */
  private int byteOf(int index) {
    return (int) ((long) index << order >>> 3);
  }

  /** Where the bytes of counts [from, to) begin in the block. */
  public int firstByte(int from) {
    return byteOf(from);
  }

  /** A copy of the bytes that hold counts [from, to), whole bytes of narrow counts. */
  public ByteBuffer copy(int from, int to) {
    int start = byteOf(from);
    int end = (int) (((long) to << order) + 7 >>> 3);
    return ByteBuffer.allocate(end - start).put(0, bytes, start, end - start);
  }
}
