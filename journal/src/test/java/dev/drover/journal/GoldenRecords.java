package dev.drover.journal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;

/**
 * The records whose bytes are in {@code golden/v<version>/<TYPE>.hex}. A file, once released, never
 * changes: a new version of the format gets a new folder, and its reader passes the old ones too.
 */
final class GoldenRecords {
  static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  private static final UUID SNAPSHOT = UUID.fromString("0f0e0d0c-0b0a-4908-8706-050403020100");
  private static final UUID NONCE = UUID.fromString("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
  private static final UUID INCARNATION = UUID.fromString("12345678-9abc-4def-8123-456789abcdef");
  private static final long TIME = 1_767_225_600_123L;

  private GoldenRecords() {}

  static Map<RecordType, JournalRecord> version1() {
    Map<RecordType, JournalRecord> all = new EnumMap<>(RecordType.class);
    for (RecordType type : RecordType.values()) {
      all.put(type, version1(type));
    }
    return all;
  }

  private static JournalRecord version1(RecordType type) {
    return switch (type) {
      case WRITE -> at(7, new Intent.Write(0x1_0000_0200L, ascii("sixteen bytes..!")));
      case ZERO -> at(8, new Intent.Zero(0x10_0000, 0x2_0000_0000L, true));
      case FLUSH -> at(9, new Intent.Flush());
      case SNAPSHOT_CREATE -> at(10, new Intent.SnapshotCreate(SNAPSHOT, "before-upgrade"));
      case SNAPSHOT_DELETE -> at(11, new Intent.SnapshotDelete(SNAPSHOT, "before-upgrade"));
      case SNAPSHOT_REVERT -> at(12, new Intent.SnapshotRevert(SNAPSHOT, "before-upgrade"));
      case RESIZE -> at(13, new Intent.Resize(10L << 30));
      case MARK -> at(14, new Intent.Mark("payday_1"));
      case EPOCH ->
          JournalRecord.epoch(
              VOLUME,
              TIME,
              4096,
              new Intent.Epoch(NONCE, "host-ä", INCARNATION, "/var/lib/vm/disk one.qcow2"));
      case HEARTBEAT -> at(15, new Intent.Heartbeat(true));
    };
  }

  private static JournalRecord at(long sequence, Intent intent) {
    return new JournalRecord(VOLUME, 41, sequence, sequence - 2, TIME, 4096 + 16, intent);
  }

  static ByteBuffer bytes(int version, RecordType type) {
    String name = "/golden/v" + version + "/" + type + ".hex";
    try (var in = GoldenRecords.class.getResourceAsStream(name)) {
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return ByteBuffer.wrap(HexFormat.of().parseHex(text.replaceAll("#.*|\\s", "")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the files of a new version into the folder given; never run by the build. */
  static void main(String[] args) throws IOException {
    for (var golden : version1().entrySet()) {
      byte[] bytes = RecordCodec.encode(golden.getValue()).array();
      StringBuilder text = new StringBuilder("# " + golden.getKey() + "\n");
      for (int i = 0; i < bytes.length; i += 16) {
        int end = Math.min(i + 16, bytes.length);
        text.append(HexFormat.ofDelimiter(" ").formatHex(bytes, i, end)).append('\n');
      }
      Files.writeString(Path.of(args[0], golden.getKey() + ".hex"), text);
    }
  }

  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }
}
