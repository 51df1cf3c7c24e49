package dev.drover.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * The first bytes of a connection: the server's greeting and the client's flags, which open fixed
 * newstyle negotiation.
 *
 * <pre>
 * server                                  client
 *  0  u64  "NBDMAGIC"                      0  u32  client flags
 *  8  u64  "IHAVEOPT"                      4
 * 16  u16  handshake flags
 * 18
 * </pre>
 */
public final class Greeting {
  public static final long MAGIC = 0x4e42444d41474943L;
  public static final int BYTES = 18;
  public static final int CLIENT_BYTES = 4;

  /** Both directions: options other than EXPORT_NAME are possible and each has a reply. */
  public static final int FIXED_NEWSTYLE = 1;

  /** Both directions: EXPORT_NAME's reply ends without 124 reserved zeroes. */
  public static final int NO_ZEROES = 1 << 1;

  private Greeting() {}

  public static void put(ByteBuffer out) {
    out.putLong(MAGIC).putLong(OptionHeader.MAGIC).putShort((short) (FIXED_NEWSTYLE | NO_ZEROES));
  }

  /** The server's flags; a server that is not newstyle is refused. */
  public static int parse(ByteBuffer in) throws ProtocolException {
    if (in.getLong() != MAGIC) {
      throw new ProtocolException("the peer is no NBD server: its greeting has another magic");
    }
    if (in.getLong() != OptionHeader.MAGIC) {
      throw new ProtocolException("the NBD server speaks oldstyle negotiation only");
    }
    return Short.toUnsignedInt(in.getShort());
  }

  /** The client's flags; a bit that we do not know ends the connection, as specified. */
  public static int parseClientFlags(ByteBuffer in) throws ProtocolException {
    int flags = in.getInt();
    if ((flags & ~(FIXED_NEWSTYLE | NO_ZEROES)) != 0) {
      throw new ProtocolException("unknown client flags 0x" + Integer.toHexString(flags));
    }
    return flags;
  }
}
