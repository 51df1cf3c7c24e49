package dev.drover.applier;

import dev.drover.journal.Position;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The position that an internal snapshot carries in its extra data, so that a replay can begin at
 * it. Big-endian:
 *
 * <pre>
 *   0   4  magic                "DrvP"
 *   4   2  version              1
 *   6   2  length               100, of all of this
 *   8  16  volume               UUID
 *  24   8  reserved             0
 *  32  64  position             behind the SNAPSHOT record
 *  96   4  CRC32C               of the 96 bytes above
 * 100
 * </pre>
 */
record SnapshotPosition(UUID volume, Position position) {

  static final int BYTES = 100;
  private static final int MAGIC = 0x44727650;
  private static final short VERSION = 1;
  private static final int POSITION_AT = 32;
  private static final int CRC_AT = POSITION_AT + Position.BYTES;

  byte[] encode() {
    ByteBuffer to = ByteBuffer.allocate(BYTES);
    to.putInt(MAGIC).putShort(VERSION).putShort((short) BYTES);
    to.putLong(volume.getMostSignificantBits()).putLong(volume.getLeastSignificantBits());
    to.putLong(0);
    position.encode(to);
    to.putInt(crc(to.array()));
    return to.array();
  }

  /** Reads extra data; empty when it is not a position of ours, whole and unharmed. */
  static Optional<SnapshotPosition> decode(byte[] extra) {
    if (extra.length < BYTES) {
      return Optional.empty();
    }
    ByteBuffer from = ByteBuffer.wrap(extra);
    boolean ours = from.getInt() == MAGIC && from.getShort() == VERSION && from.getShort() == BYTES;
    if (!ours || from.getInt(CRC_AT) != crc(extra)) {
      return Optional.empty();
    }
    UUID volume = new UUID(from.getLong(), from.getLong());
    return Optional.of(new SnapshotPosition(volume, Position.decode(from.position(POSITION_AT))));
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, CRC_AT);
    return (int) crc.getValue();
  }
}
