package dev.drover.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * The reply to a request; a successful READ's data follows it.
 *
 * <pre>
 *  0  u32  0x67446698
 *  4  u32  error, 0 for success
 *  8  u64  cookie of the request
 * 16
 * </pre>
 */
public record SimpleReply(int error, long cookie) {
  public static final int MAGIC = 0x67446698;
  public static final int BYTES = 16;

  public static SimpleReply parse(ByteBuffer in) throws ProtocolException {
    int magic = in.getInt();
    if (magic != MAGIC) {
      throw new ProtocolException("a reply begins with 0x" + Integer.toHexString(magic));
    }
    return new SimpleReply(in.getInt(), in.getLong());
  }

  public void put(ByteBuffer out) {
    out.putInt(MAGIC).putInt(error).putLong(cookie);
  }
}
