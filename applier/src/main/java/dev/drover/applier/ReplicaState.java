package dev.drover.applier;

import dev.drover.journal.JournalIdentity;
import dev.drover.journal.Position;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.UUID;

/**
 * What a replica's image knows of itself: the payload of its position slots, at most {@link
 * #MAX_BYTES}. Big-endian, as everything in qcow2; the slot around it has the checksum.
 *
 * <pre>
 *   0   2  version              1; another one is refused
 *   2   2  flags                0; readers refuse what they do not know
 *   4  16  volume               UUID
 *  20  16  incarnation          UUID of this image, new in every copy
 *  36  16  host id              UUID of the owner's machine
 *  52   8  device               st_dev of the image on it
 *  60   8  inode                st_ino of the image on it
 *  68  64  applied              everything below is durable in the image
 * 132  64  minRecovery          effects at or above applied lie below this
 * 196   1  r                    length of the replica name
 * 197   r  replica name         UTF-8
 *       1  c                    length of the Kafka cluster id
 *       c  cluster id           UTF-8
 *       1  t                    length of the topic id
 *       t  topic id             UTF-8, as Kafka prints it
 * </pre>
 *
 * @param volume the volume that the image follows
 * @param incarnation who this image is
 * @param replica the replica's name
 * @param owner the file that the incarnation belongs to
 * @param journal the journal that the positions belong to
 * @param applied everything below is durable in the image
 * @param minRecovery the image holds no effect of an intent at or above this
 */
record ReplicaState(
    UUID volume,
    UUID incarnation,
    String replica,
    Owner owner,
    JournalIdentity journal,
    Position applied,
    Position minRecovery) {

  /** What a position slot has room for. */
  static final int MAX_BYTES = 400;

  private static final short VERSION = 1;
  private static final int MAX_NAME_BYTES = 63;
  private static final int MAX_CLUSTER_ID_BYTES = 64;
  private static final int MAX_TOPIC_ID_BYTES = 32;
  private static final int STRINGS_AT = 4 + 3 * 16 + 2 * 8 + 2 * Position.BYTES;

  /**
   * One file of one machine.
   *
   * @param host the machine
   * @param device number of the file's device there
   * @param inode number of the file on the device
   */
  record Owner(UUID host, long device, long inode) {
    Owner {
      Objects.requireNonNull(host, "host");
    }
  }

  ReplicaState {
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(incarnation, "incarnation");
    Objects.requireNonNull(owner, "owner");
    bytes("replica name", replica, MAX_NAME_BYTES);
    bytes("cluster id", journal.clusterId(), MAX_CLUSTER_ID_BYTES);
    bytes("topic id", journal.topicId(), MAX_TOPIC_ID_BYTES);
    if (minRecovery.nextOffset() < applied.nextOffset()) {
      throw new IllegalArgumentException(
          "minRecovery %d below applied %d"
              .formatted(minRecovery.nextOffset(), applied.nextOffset()));
    }
  }

  ReplicaState at(Position newApplied, Position newMinRecovery) {
    return new ReplicaState(
        volume, incarnation, replica, owner, journal, newApplied, newMinRecovery);
  }

  ReplicaState incarnatedAs(UUID newIncarnation, String newName, Owner newOwner) {
    return new ReplicaState(
        volume, newIncarnation, newName, newOwner, journal, applied, minRecovery);
  }

  /** Whether the image can hold effects of intents that it does not count as applied. */
  boolean isBetweenPoints() {
    return minRecovery.nextOffset() > applied.nextOffset();
  }

  byte[] encode() {
    byte[] name = bytes("replica name", replica, MAX_NAME_BYTES);
    byte[] cluster = bytes("cluster id", journal.clusterId(), MAX_CLUSTER_ID_BYTES);
    byte[] topic = bytes("topic id", journal.topicId(), MAX_TOPIC_ID_BYTES);
    ByteBuffer to =
        ByteBuffer.allocate(STRINGS_AT + 3 + name.length + cluster.length + topic.length);
    to.putShort(VERSION).putShort((short) 0);
    put(to, volume);
    put(to, incarnation);
    put(to, owner.host());
    to.putLong(owner.device()).putLong(owner.inode());
    applied.encode(to);
    minRecovery.encode(to);
    to.put((byte) name.length).put(name);
    to.put((byte) cluster.length).put(cluster);
    to.put((byte) topic.length).put(topic);
    return to.array();
  }

  /**
   * Reads a payload.
   *
   * @throws IllegalArgumentException when it is none of this version's
   */
  static ReplicaState decode(byte[] payload) {
    ByteBuffer from = ByteBuffer.wrap(payload);
    if (payload.length < 4) {
      throw new IllegalArgumentException("a position of " + payload.length + " bytes");
    }
    int version = from.getShort();
    int flags = from.getShort();
    if (version != VERSION || flags != 0) {
      throw new IllegalArgumentException(
          "version %d, flags %#x of its position; this program reads version %d"
              .formatted(version, flags & 0xffff, VERSION));
    }
    if (payload.length > MAX_BYTES || payload.length < STRINGS_AT + 3) {
      throw new IllegalArgumentException("a position of " + payload.length + " bytes");
    }
    UUID volume = uuid(from);
    UUID incarnation = uuid(from);
    Owner owner = new Owner(uuid(from), from.getLong(), from.getLong());
    Position applied = Position.decode(from);
    Position minRecovery = Position.decode(from);
    String replica = string(from);
    JournalIdentity journal = new JournalIdentity(string(from), string(from));
    return new ReplicaState(volume, incarnation, replica, owner, journal, applied, minRecovery);
  }

  private static void put(ByteBuffer to, UUID uuid) {
    to.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
  }

  private static UUID uuid(ByteBuffer from) {
    return new UUID(from.getLong(), from.getLong());
  }

  private static String string(ByteBuffer from) {
    int length = from.hasRemaining() ? from.get() & 0xff : 0;
    if (length == 0 || length > from.remaining()) {
      throw new IllegalArgumentException("a string of " + length + " bytes in its position");
    }
    byte[] bytes = new byte[length];
    from.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String what, String text, int max) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length == 0 || bytes.length > max) {
      throw new IllegalArgumentException(
          "%s of %d bytes: it must have 1 to %d".formatted(what, bytes.length, max));
    }
    return bytes;
  }
}
