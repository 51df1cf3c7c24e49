package dev.drover.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * A request of the transmission phase; a WRITE's data follows it.
 *
 * <pre>
 *  0  u32  0x25609513
 *  4  u16  command flags
 *  6  u16  command
 *  8  u64  cookie, returned in the reply
 * 16  u64  offset
 * 24  u32  length
 * 28
 * </pre>
 *
 * @param offset unsigned: a negative one lies beyond every export
 * @param length 0 to 2^32 - 1
 */
public record Request(int flags, int command, long cookie, long offset, long length) {
  public static final int MAGIC = 0x25609513;
  public static final int BYTES = 28;

  public static final int READ = 0;
  public static final int WRITE = 1;
  public static final int DISCONNECT = 2;
  public static final int FLUSH = 3;
  public static final int TRIM = 4;
  public static final int WRITE_ZEROES = 6;

  /** Reply only when persistent; clients may set it on any command. */
  public static final int FUA = 1;

  /** WRITE_ZEROES: keep the range provisioned. */
  public static final int NO_HOLE = 1 << 1;

  /** WRITE_ZEROES: fail rather than be as slow as a WRITE. */
  public static final int FAST_ZERO = 1 << 4;

  public static Request parse(ByteBuffer in) throws ProtocolException {
    int magic = in.getInt();
    if (magic != MAGIC) {
      throw new ProtocolException("a request begins with 0x" + Integer.toHexString(magic));
    }
    int flags = Short.toUnsignedInt(in.getShort());
    int command = Short.toUnsignedInt(in.getShort());
    long cookie = in.getLong();
    long offset = in.getLong();
    return new Request(flags, command, cookie, offset, Integer.toUnsignedLong(in.getInt()));
  }

  public void put(ByteBuffer out) {
    out.putInt(MAGIC).putShort((short) flags).putShort((short) command);
    out.putLong(cookie).putLong(offset).putInt((int) length);
  }

  /** Whether the range lies inside an export of this size; no sum here can overflow. */
  public boolean inside(long exportBytes) {
    return offset >= 0 && length <= exportBytes && offset <= exportBytes - length;
  }
}
