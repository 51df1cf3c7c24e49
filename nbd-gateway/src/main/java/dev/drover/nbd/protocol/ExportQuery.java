package dev.drover.nbd.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * The data of the options INFO and GO.
 *
 * <pre>
 *  0    u32  n, length of the name
 *  4    name, UTF-8
 *  4+n  u16  k, number of information requests
 *  6+n  u16 × k  information types
 * </pre>
 *
 * @param name what EXPORT_NAME would have carried
 * @param infos information types asked for
 */
public record ExportQuery(String name, Set<Integer> infos) {
  /** The specification's limit of any string. */
  public static final int MAX_NAME_BYTES = 4096;

  public ExportQuery {
    infos = Set.copyOf(infos);
  }

  /**
   * @throws ProtocolException when the lengths do not add up; the option is then invalid, which the
   *     client is told, and need not be disconnected for
   */
  public static ExportQuery parse(ByteBuffer in) throws ProtocolException {
    if (in.remaining() < 6) {
      throw new ProtocolException("option data of " + in.remaining() + " bytes, at least 6 needed");
    }
    int nameBytes = in.getInt();
    if (nameBytes < 0 || nameBytes > in.remaining() - 2) {
      throw new ProtocolException("the export name is longer than the option's data");
    }
    String name = parseName(in.slice(in.position(), nameBytes));
    in.position(in.position() + nameBytes);
    int count = Short.toUnsignedInt(in.getShort());
    if (in.remaining() != 2 * count) {
      throw new ProtocolException(count + " information requests in " + in.remaining() + " bytes");
    }
    Set<Integer> infos = new HashSet<>();
    while (in.hasRemaining()) {
      infos.add(Short.toUnsignedInt(in.getShort()));
    }
    return new ExportQuery(name, infos);
  }

  /** The name in {@code in}, all of it. */
  public static String parseName(ByteBuffer in) throws ProtocolException {
    if (in.remaining() > MAX_NAME_BYTES) {
      throw new ProtocolException("an export name of " + in.remaining() + " bytes");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
    } catch (CharacterCodingException e) {
      throw new ProtocolException("an export name that is not UTF-8");
    }
  }

  public ByteBuffer encode() {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(6 + bytes.length + 2 * infos.size());
    out.putInt(bytes.length).put(bytes).putShort((short) infos.size());
    infos.forEach(info -> out.putShort(info.shortValue()));
    return out.flip();
  }
}
