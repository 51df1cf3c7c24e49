package dev.drover.journal;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.UUID;

/** Seeded random intents and records, small ones more often than large ones. */
final class RandomRecords {
  private static final String LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

  private RandomRecords() {}

  static JournalRecord any(SplittableRandom random) {
    Intent intent = intent(random);
    long time = random.nextLong(1L << 45);
    long total = random.nextLong(1L << 50);
    if (intent instanceof Intent.Epoch epoch) {
      return JournalRecord.epoch(uuid(random), time, total, epoch);
    }
    long sequence = random.nextLong(1L << random.nextInt(1, 63));
    return new JournalRecord(
        uuid(random),
        random.nextLong(1L << random.nextInt(1, 63)),
        sequence,
        random.nextLong(-1, sequence),
        time,
        total,
        intent);
  }

  static Intent intent(SplittableRandom random) {
    return switch (RecordType.values()[random.nextInt(RecordType.values().length)]) {
      case WRITE -> new Intent.Write(random.nextLong(1L << 50), data(random));
      case ZERO ->
          new Intent.Zero(
              random.nextLong(1L << 50), random.nextLong(1, 1L << 40), random.nextBoolean());
      case FLUSH -> new Intent.Flush();
      case SNAPSHOT_CREATE -> new Intent.SnapshotCreate(uuid(random), name(random));
      case SNAPSHOT_DELETE -> new Intent.SnapshotDelete(uuid(random), name(random));
      case SNAPSHOT_REVERT -> new Intent.SnapshotRevert(uuid(random), name(random));
      case RESIZE -> new Intent.Resize(random.nextLong(1, 1L << 50));
      case MARK -> new Intent.Mark(name(random));
      case EPOCH ->
          new Intent.Epoch(
              uuid(random),
              text(random),
              uuid(random),
              text(random),
              random.nextLong(Intent.Epoch.MAX_LEASE_MILLIS + 1));
      case HEARTBEAT -> new Intent.Heartbeat(random.nextBoolean());
    };
  }

  static UUID uuid(SplittableRandom random) {
    return new UUID(random.nextLong(), random.nextLong());
  }

  private static ByteBuffer data(SplittableRandom random) {
    byte[] data = new byte[1 + random.nextInt(1 << random.nextInt(1, 12))];
    random.nextBytes(data);
    return ByteBuffer.wrap(data);
  }

  private static String name(SplittableRandom random) {
    StringBuilder name = new StringBuilder("n");
    for (int length = random.nextInt(63); length > 0; length--) {
      name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return name.toString();
  }

  private static String text(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    for (int length = random.nextInt(20); length > 0; length--) {
      text.appendCodePoint(random.nextInt(0x20, 0xD800));
    }
    return text.toString();
  }
}
