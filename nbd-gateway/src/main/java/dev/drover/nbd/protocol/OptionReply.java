package dev.drover.nbd.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One reply to an option.
 *
 * <pre>
 *  0  u64  0x0003e889045565a9
 *  8  u32  option that this replies to
 * 12  u32  reply type; bit 31: an error
 * 16  u32  length of the data that follows
 * 20  data; ERR_*: a message for people
 *           SERVER: u32 length of name, name
 *           INFO:   u16 info type, then EXPORT:     u64 size, u16 transmission flags
 *                                       NAME:       the export's name
 *                                       BLOCK_SIZE: u32 minimum, u32 preferred, u32 largest payload
 * </pre>
 */
public record OptionReply(int option, int type, ByteBuffer data) {
  public static final long MAGIC = 0x3e889045565a9L;
  public static final int HEADER_BYTES = 20;

  public static final int ACK = 1;
  public static final int SERVER = 2;
  public static final int INFO = 3;
  private static final int ERROR = 1 << 31;
  public static final int ERR_UNSUP = ERROR | 1;
  public static final int ERR_POLICY = ERROR | 2;
  public static final int ERR_INVALID = ERROR | 3;
  public static final int ERR_UNKNOWN = ERROR | 6;
  public static final int ERR_SHUTDOWN = ERROR | 7;
  public static final int ERR_TOO_BIG = ERROR | 9;

  public static final int INFO_EXPORT = 0;
  public static final int INFO_NAME = 1;
  public static final int INFO_BLOCK_SIZE = 3;

  public static OptionReply ack(int option) {
    return new OptionReply(option, ACK, ByteBuffer.allocate(0));
  }

  public static OptionReply error(int option, int type, String message) {
    return new OptionReply(option, type, utf8(message));
  }

  public static OptionReply server(String name) {
    ByteBuffer bytes = utf8(name);
    ByteBuffer data = ByteBuffer.allocate(4 + bytes.remaining());
    data.putInt(bytes.remaining()).put(bytes).flip();
    return new OptionReply(OptionHeader.LIST, SERVER, data);
  }

  public static OptionReply export(int option, long sizeBytes, int transmissionFlags) {
    ByteBuffer data = ByteBuffer.allocate(12);
    data.putShort((short) INFO_EXPORT).putLong(sizeBytes).putShort((short) transmissionFlags);
    return new OptionReply(option, INFO, data.flip());
  }

  public static OptionReply name(int option, String name) {
    ByteBuffer bytes = utf8(name);
    ByteBuffer data = ByteBuffer.allocate(2 + bytes.remaining());
    data.putShort((short) INFO_NAME).put(bytes);
    return new OptionReply(option, INFO, data.flip());
  }

  public static OptionReply blockSize(int option, int minimum, int preferred, int largestPayload) {
    ByteBuffer data = ByteBuffer.allocate(14);
    data.putShort((short) INFO_BLOCK_SIZE).putInt(minimum).putInt(preferred).putInt(largestPayload);
    return new OptionReply(option, INFO, data.flip());
  }

  public boolean isError() {
    return (type & ERROR) != 0;
  }

  /** Header and data; {@code data} is left as it is. */
  public ByteBuffer encode() {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + data.remaining());
    out.putLong(MAGIC).putInt(option).putInt(type).putInt(data.remaining());
    return out.put(data.duplicate()).flip();
  }

  /** The reply whose header is {@code in}, its data an empty buffer of the length announced. */
  public static OptionReply parseHeader(ByteBuffer in, int limitBytes) throws ProtocolException {
    if (in.getLong() != MAGIC) {
      throw new ProtocolException("an option reply begins with another magic");
    }
    int option = in.getInt();
    int type = in.getInt();
    int length = in.getInt();
    if (length < 0 || length > limitBytes) {
      throw new ProtocolException(
          "an option reply of " + Integer.toUnsignedString(length) + " bytes");
    }
    return new OptionReply(option, type, ByteBuffer.allocate(length));
  }

  private static ByteBuffer utf8(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
