package dev.drover.journal;

import static dev.drover.journal.JournalException.Code.DAMAGED_RECORD;
import static dev.drover.journal.JournalException.Code.UNSUPPORTED_RECORD;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The bytes of a journal record: the value of one Kafka record (its key is null).
 *
 * <p>Big-endian, as qcow2 is. Version 1:
 *
 * <pre>
 *   0   4  magic "DRVJ"
 *   4   2  version              1
 *   6   2  type                 {@link RecordType}
 *   8   4  incompatible flags   a reader that does not know one of them must refuse; none yet
 *  12   4  compatible flags     bit 0 KEEP (ZERO), bit 1 CLOSING (HEARTBEAT); others are ignored
 *  16   4  header length H      104; a longer one has new fields, which old readers skip
 *  20   4  payload length P
 *  24  16  volume UUID
 *  40   8  epoch                -1 in EPOCH
 *  48   8  sequence             -1 in EPOCH
 *  56   8  acked                -1 none
 *  64   8  guest offset         WRITE, ZERO; else 0
 *  72   8  length               WRITE (= P), ZERO; RESIZE: the new size; EPOCH: the lease in
 *                              milliseconds; else 0
 *  80   8  timestamp            milliseconds since 1970 UTC
 *  88   8  total                running total of guest data, this record included
 *  96   4  CRC32C of the payload, 0 if there is none
 * 100   4  CRC32C of the header: bytes 0..99 and 104..H-1
 * 104 H-104 fields of later versions
 *   H   P  payload
 * H+P      end of the value
 * </pre>
 *
 * <p>Payload: of WRITE the data as the guest wrote it; of SNAPSHOT_* the snapshot's UUID (16) and
 * its name; of MARK its name; of EPOCH the nonce (16), the image's incarnation (16), length (2) and
 * text of the host, length (2) and text of the image's path. Text is UTF-8. The other types have
 * none.
 *
 * <p>Magic, header length and the place of the header's CRC are the same in every version, so that
 * a reader can tell a record from the future (UNSUPPORTED_RECORD) from a damaged one.
 *
 * <p>KEEP is compatible on purpose: who ignores it gives the guest the same bytes and only loses
 * the reservation. Unused fields are written as 0 and not looked at.
 *
 * <p>Neither direction copies a payload that it does not have to: {@link #decode} slices it out of
 * the value, {@link #encodeHeader} writes the header in front of a payload that is already there.
 */
public final class RecordCodec {
  /** Length of the header that this version writes. */
  public static final int HEADER_BYTES = 104;

  static final int MAGIC = 0x4452564A;
  static final int VERSION = 1;
  static final int KEEP = 1;
  static final int CLOSING = 2;

  static final int OFF_VERSION = 4;
  static final int OFF_TYPE = OFF_VERSION + 2;
  static final int OFF_INCOMPATIBLE = OFF_TYPE + 2;
  static final int OFF_COMPATIBLE = OFF_INCOMPATIBLE + 4;
  static final int OFF_HEADER_LENGTH = OFF_COMPATIBLE + 4;
  static final int OFF_PAYLOAD_LENGTH = OFF_HEADER_LENGTH + 4;
  static final int OFF_VOLUME = OFF_PAYLOAD_LENGTH + 4;
  static final int OFF_EPOCH = OFF_VOLUME + 16;
  static final int OFF_SEQUENCE = OFF_EPOCH + 8;
  static final int OFF_ACKED = OFF_SEQUENCE + 8;
  static final int OFF_GUEST_OFFSET = OFF_ACKED + 8;
  static final int OFF_LENGTH = OFF_GUEST_OFFSET + 8;
  static final int OFF_TIMESTAMP = OFF_LENGTH + 8;
  static final int OFF_TOTAL = OFF_TIMESTAMP + 8;
  static final int OFF_PAYLOAD_CRC = OFF_TOTAL + 8;
  static final int OFF_HEADER_CRC = OFF_PAYLOAD_CRC + 4;

  private static final int NO_FLAG = 0;
  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

  private RecordCodec() {}

  /** The whole value, in a buffer of its own that is backed by an array of exactly its length. */
  public static ByteBuffer encode(JournalRecord record) {
    ByteBuffer payload = payload(record.intent());
    ByteBuffer value = ByteBuffer.allocate(HEADER_BYTES + payload.remaining());
    header(record, payload, value);
    value.put(payload);
    return value.flip();
  }

  /**
   * Writes the {@link #HEADER_BYTES} of the header at the buffer's position, and moves it behind
   * them. The payload is read for its checksum and not copied: for who keeps a WRITE's data with
   * room in front of it, or sends both in one gathering write.
   */
  public static void encodeHeader(JournalRecord record, ByteBuffer to) {
    header(record, payload(record.intent()), to);
  }

  private static void header(JournalRecord record, ByteBuffer payload, ByteBuffer dst) {
    // A slice is big-endian, whatever order the caller's buffer has.
    ByteBuffer to = dst.slice(dst.position(), HEADER_BYTES);
    Intent intent = record.intent();
    to.putInt(MAGIC).putShort((short) VERSION).putShort((short) RecordType.of(intent).code());
    to.putInt(NO_FLAG).putInt(compatibleFlags(intent));
    to.putInt(HEADER_BYTES).putInt(payload.remaining());
    putUuid(to, record.volume());
    to.putLong(record.epoch()).putLong(record.sequence()).putLong(record.acked());
    to.putLong(guestOffset(intent)).putLong(length(intent));
    to.putLong(record.timestampMillis()).putLong(record.totalPayloadBytes());
    to.putInt(crc(payload));
    to.putInt(crcOfHeader(to, HEADER_BYTES));
    dst.position(dst.position() + HEADER_BYTES);
  }

  /**
   * Reads a value from position to limit, both left as they are. The data of a WRITE is a slice of
   * it.
   *
   * @throws JournalException DAMAGED_RECORD or UNSUPPORTED_RECORD, and nothing else, whatever the
   *     bytes are
   */
  public static JournalRecord decode(ByteBuffer value) throws JournalException {
    ByteBuffer in = value.slice();
    RecordType type = checkHeader(in);
    int headerLength = in.getInt(OFF_HEADER_LENGTH);
    int payloadLength = in.getInt(OFF_PAYLOAD_LENGTH);
    if (payloadLength != in.limit() - headerLength) {
      throw damaged(
          "its header says %d bytes of payload, there are %d"
              .formatted(payloadLength, in.limit() - headerLength));
    }
    ByteBuffer payload = in.slice(headerLength, payloadLength);
    if (in.getInt(OFF_PAYLOAD_CRC) != crc(payload)) {
      throw damaged("the payload's checksum does not match");
    }
    try {
      return new JournalRecord(
          uuid(in, OFF_VOLUME),
          in.getLong(OFF_EPOCH),
          in.getLong(OFF_SEQUENCE),
          in.getLong(OFF_ACKED),
          in.getLong(OFF_TIMESTAMP),
          in.getLong(OFF_TOTAL),
          intent(type, in, payload));
    } catch (IllegalArgumentException e) {
      // The checksums are right and the content is not: a writer's bug, or made on purpose. The
      // records' own constructors are the one place that knows what is legal.
      throw damaged(e.getMessage());
    }
  }

  /** The header's checksum, of a value that {@link #decode} accepts. */
  public static int headerCrc(ByteBuffer value) {
    return value.slice().getInt(OFF_HEADER_CRC);
  }

  /** The payload's checksum, of a value that {@link #decode} accepts. */
  public static int payloadCrc(ByteBuffer value) {
    return value.slice().getInt(OFF_PAYLOAD_CRC);
  }

  private static RecordType checkHeader(ByteBuffer in) throws JournalException {
    if (in.limit() < HEADER_BYTES) {
      throw damaged("a record of %d bytes, at least %d".formatted(in.limit(), HEADER_BYTES));
    }
    if (in.getInt(0) != MAGIC) {
      throw damaged("it does not begin with DRVJ");
    }
    int headerLength = in.getInt(OFF_HEADER_LENGTH);
    if (headerLength < HEADER_BYTES || headerLength > in.limit()) {
      throw damaged("header length " + headerLength);
    }
    if (in.getInt(OFF_HEADER_CRC) != crcOfHeader(in, headerLength)) {
      throw damaged("the header's checksum does not match");
    }
    int version = Short.toUnsignedInt(in.getShort(OFF_VERSION));
    if (version != VERSION) {
      throw unsupported("record version " + version);
    }
    int incompatible = in.getInt(OFF_INCOMPATIBLE);
    if (incompatible != 0) {
      throw unsupported("incompatible record flags 0x" + Integer.toHexString(incompatible));
    }
    int type = Short.toUnsignedInt(in.getShort(OFF_TYPE));
    return RecordType.ofCode(type).orElseThrow(() -> unsupported("record type " + type));
  }

  private static Intent intent(RecordType type, ByteBuffer in, ByteBuffer payload)
      throws JournalException {
    long guestOffset = in.getLong(OFF_GUEST_OFFSET);
    long length = in.getLong(OFF_LENGTH);
    int flags = in.getInt(OFF_COMPATIBLE);
    Intent intent =
        switch (type) {
          case WRITE -> write(guestOffset, length, payload);
          case ZERO -> new Intent.Zero(guestOffset, length, (flags & KEEP) != 0);
          case FLUSH -> new Intent.Flush();
          case SNAPSHOT_CREATE -> new Intent.SnapshotCreate(takeUuid(payload), takeRest(payload));
          case SNAPSHOT_DELETE -> new Intent.SnapshotDelete(takeUuid(payload), takeRest(payload));
          case SNAPSHOT_REVERT -> new Intent.SnapshotRevert(takeUuid(payload), takeRest(payload));
          case RESIZE -> new Intent.Resize(length);
          case MARK -> new Intent.Mark(takeRest(payload));
          case EPOCH -> {
            UUID nonce = takeUuid(payload);
            UUID incarnation = takeUuid(payload);
            String host = takeText(payload);
            yield new Intent.Epoch(nonce, host, incarnation, takeText(payload), length);
          }
          case HEARTBEAT -> new Intent.Heartbeat((flags & CLOSING) != 0);
        };
    if (payload.hasRemaining()) {
      throw damaged("%d bytes behind the payload of a %s".formatted(payload.remaining(), type));
    }
    return intent;
  }

  private static Intent write(long guestOffset, long length, ByteBuffer payload)
      throws JournalException {
    if (length != payload.remaining()) {
      throw damaged("a WRITE of %d with %d bytes".formatted(length, payload.remaining()));
    }
    var write = new Intent.Write(guestOffset, payload);
    payload.position(payload.limit());
    return write;
  }

  private static ByteBuffer payload(Intent intent) {
    return switch (intent) {
      case Intent.Write w -> w.data();
      case Intent.SnapshotCreate s -> named(s.id(), s.name());
      case Intent.SnapshotDelete s -> named(s.id(), s.name());
      case Intent.SnapshotRevert s -> named(s.id(), s.name());
      case Intent.Mark m -> ByteBuffer.wrap(utf8(m.name()));
      case Intent.Epoch e -> {
        byte[] host = utf8(e.host());
        byte[] image = utf8(e.image());
        ByteBuffer out = ByteBuffer.allocate(16 + 16 + 2 + host.length + 2 + image.length);
        putUuid(out, e.nonce());
        putUuid(out, e.imageIncarnation());
        out.putShort((short) host.length).put(host);
        yield out.putShort((short) image.length).put(image).flip();
      }
      case Intent.Zero _, Intent.Flush _, Intent.Resize _, Intent.Heartbeat _ ->
          NO_PAYLOAD.duplicate();
    };
  }

  private static ByteBuffer named(UUID id, String name) {
    byte[] text = utf8(name);
    ByteBuffer out = ByteBuffer.allocate(16 + text.length);
    putUuid(out, id);
    return out.put(text).flip();
  }

  private static int compatibleFlags(Intent intent) {
    return switch (intent) {
      case Intent.Zero z when z.keep() -> KEEP;
      case Intent.Heartbeat h when h.closing() -> CLOSING;
      default -> NO_FLAG; // every other intent says all it has to say in its fields
    };
  }

  private static long guestOffset(Intent intent) {
    return switch (intent) {
      case Intent.Write w -> w.guestOffset();
      case Intent.Zero z -> z.guestOffset();
      default -> 0; // no other intent is about a range
    };
  }

  private static long length(Intent intent) {
    return switch (intent) {
      case Intent.Write w -> w.length();
      case Intent.Zero z -> z.length();
      case Intent.Resize r -> r.sizeBytes();
      case Intent.Epoch e -> e.leaseMillis();
      default -> 0; // no other intent is about an amount
    };
  }

  private static void putUuid(ByteBuffer to, UUID id) {
    to.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
  }

  private static UUID uuid(ByteBuffer in, int at) {
    return new UUID(in.getLong(at), in.getLong(at + 8));
  }

  private static UUID takeUuid(ByteBuffer payload) throws JournalException {
    ByteBuffer bytes = take(payload, 16);
    return uuid(bytes, 0);
  }

  private static String takeText(ByteBuffer payload) throws JournalException {
    int length = Short.toUnsignedInt(take(payload, 2).getShort(0));
    return takeRest(take(payload, length));
  }

  private static String takeRest(ByteBuffer payload) throws JournalException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(payload).toString();
    } catch (CharacterCodingException e) {
      throw damaged("text that is not UTF-8");
    }
  }

  private static ByteBuffer take(ByteBuffer payload, int bytes) throws JournalException {
    if (payload.remaining() < bytes) {
      throw damaged("the payload ends %d bytes early".formatted(bytes - payload.remaining()));
    }
    ByteBuffer part = payload.slice(payload.position(), bytes);
    payload.position(payload.position() + bytes);
    return part;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int crc(ByteBuffer payload) {
    var crc = new CRC32C();
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }

  private static int crcOfHeader(ByteBuffer record, int headerLength) {
    var crc = new CRC32C();
    crc.update(record.slice(0, OFF_HEADER_CRC));
    crc.update(record.slice(HEADER_BYTES, headerLength - HEADER_BYTES));
    return (int) crc.getValue();
  }

  private static JournalException damaged(String why) {
    return new JournalException(DAMAGED_RECORD, "damaged record: " + why);
  }

  private static JournalException unsupported(String what) {
    return new JournalException(UNSUPPORTED_RECORD, "this Drover does not know " + what);
  }
}
