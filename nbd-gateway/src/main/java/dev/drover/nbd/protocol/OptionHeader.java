package dev.drover.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * What precedes the data of an option that the client sends.
 *
 * <pre>
 *  0  u64  "IHAVEOPT"
 *  8  u32  option
 * 12  u32  length of the data that follows
 * 16
 * </pre>
 *
 * @param option one of the constants here, or anything else that a client made up
 * @param dataBytes 0 to 2^32 - 1
 */
public record OptionHeader(int option, long dataBytes) {
  public static final long MAGIC = 0x49484156454F5054L;
  public static final int BYTES = 16;

  public static final int EXPORT_NAME = 1;
  public static final int ABORT = 2;
  public static final int LIST = 3;
  public static final int STARTTLS = 5;
  public static final int INFO = 6;
  public static final int GO = 7;
  public static final int STRUCTURED_REPLY = 8;
  public static final int LIST_META_CONTEXT = 9;
  public static final int SET_META_CONTEXT = 10;
  public static final int EXTENDED_HEADERS = 11;

  public static OptionHeader parse(ByteBuffer in) throws ProtocolException {
    if (in.getLong() != MAGIC) {
      throw new ProtocolException("an option begins with another magic");
    }
    return new OptionHeader(in.getInt(), Integer.toUnsignedLong(in.getInt()));
  }

  public void put(ByteBuffer out) {
    out.putLong(MAGIC).putInt(option).putInt((int) dataBytes);
  }
}
