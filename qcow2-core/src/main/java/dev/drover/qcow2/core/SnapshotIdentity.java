package dev.drover.qcow2.core;

import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.format.SnapshotEntry;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What Drover keeps in the extra data of a snapshot that it made, behind the fields QEMU knows.
 *
 * <pre>
 *   0    4  magic "DRVP"
 *   4    2  version, 1
 *   6    2  length n of the caller's bytes
 *   8   16  UUID of the snapshot
 *  24    n  the caller's bytes
 *  24+n  4  CRC32C of everything before
 * </pre>
 *
 * @param uuid who the snapshot is
 * @param extra the caller's bytes
 */
record SnapshotIdentity(UUID uuid, byte[] extra) {

  private static final int MAGIC = 0x44525650;
  private static final short VERSION = 1;
  private static final int HEAD_BYTES = 24;

  static byte[] encode(SnapshotSpec spec) {
    byte[] extra = spec.extra();
    ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + extra.length + Integer.BYTES);
    bytes.putInt(MAGIC).putShort(VERSION).putShort((short) extra.length);
    bytes.putLong(spec.uuid().getMostSignificantBits());
    bytes.putLong(spec.uuid().getLeastSignificantBits()).put(extra);
    return bytes.putInt(crc(bytes.array(), bytes.position())).array();
  }

  /** Of an entry; empty when another program made it, or its bytes are damaged. */
  static Optional<SnapshotIdentity> of(SnapshotEntry entry) {
    byte[] own = entry.ownExtra();
    if (own.length < HEAD_BYTES + Integer.BYTES) {
      return Optional.empty();
    }
    ByteBuffer bytes = ByteBuffer.wrap(own);
    int length = bytes.getShort(6) & 0xFFFF;
    int end = HEAD_BYTES + length;
    if (bytes.getInt(0) != MAGIC
        || bytes.getShort(4) != VERSION
        || end + Integer.BYTES > own.length
        || bytes.getInt(end) != crc(own, end)) {
      return Optional.empty();
    }
    UUID uuid = new UUID(bytes.getLong(8), bytes.getLong(16));
    return Optional.of(new SnapshotIdentity(uuid, Arrays.copyOfRange(own, HEAD_BYTES, end)));
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  static SnapshotInfo info(SnapshotEntry entry, long diskSize) {
    Optional<SnapshotIdentity> identity = of(entry);
    return new SnapshotInfo(
        entry.idText(),
        entry.nameText(),
        identity.map(SnapshotIdentity::uuid),
        Instant.ofEpochSecond(entry.seconds(), entry.nanos()),
        entry.virtualSize().orElse(diskSize),
        identity.map(SnapshotIdentity::extra).orElse(new byte[0]));
  }
}
