package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Tables of big-endian 64-bit entries: L1, L2 and refcount table are nothing else on disk. */
public final class PointerTable {

  /** Bytes of one entry. */
  public static final int ENTRY_BYTES = 8;

  private PointerTable() {}

  /** Reads {@code count} entries; what lies behind the end of the file is 0. */
  public static long[] read(BlockFile file, HostOffset at, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(count, ENTRY_BYTES));
    file.read(bytes, at.bytes());
    long[] entries = new long[count];
    bytes.flip().asLongBuffer().get(entries);
    return entries;
  }

  /**
   * Reads what the file holds of a table that a header may only claim: at most {@code count}
   * entries, and none of the zeroes behind the end of the file.
   */
  public static long[] readBacked(BlockFile file, HostOffset at, int count) throws IOException {
    long inFile = (Math.max(0, file.length() - at.bytes()) + ENTRY_BYTES - 1) / ENTRY_BYTES;
    return read(file, at, (int) Math.min(count, inFile));
  }

  public static ByteBuffer encode(long[] entries) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(entries.length, ENTRY_BYTES));
    bytes.asLongBuffer().put(entries);
    return bytes;
  }
}
