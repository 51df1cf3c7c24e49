package dev.drover.applier;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.Position;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** Journal entries made by hand: one epoch, offsets from 0. */
final class Journals {

  static final UUID VOLUME = UUID.fromString("5eed0000-0000-4000-8000-000000000001");

  private Journals() {}

  static List<JournalEntry> entries(Intent... intents) {
    List<JournalEntry> entries = new ArrayList<>();
    Position at = Position.START;
    for (Intent intent : intents) {
      JournalEntry entry = after(at, intent, true);
      entries.add(entry);
      at = entry.after();
    }
    return entries;
  }

  static JournalEntry after(Position at, Intent intent, boolean valid) {
    long offset = at.nextOffset();
    long bytes = at.totalPayloadBytes() + (valid ? intent.dataBytes() : 0);
    boolean opens = intent instanceof Intent.Epoch;
    long epoch = opens ? offset : Math.max(0, at.epoch());
    long sequence = opens ? 0 : at.nextSequence() + 1;
    JournalRecord record =
        opens
            ? JournalRecord.epoch(VOLUME, offset, bytes, (Intent.Epoch) intent)
            : new JournalRecord(VOLUME, epoch, at.nextSequence(), -1, offset, bytes, intent);
    Position after =
        new Position(offset + 1, 1, (int) (offset * 31 + 7), epoch, sequence, -1, 0, bytes, offset);
    return new JournalEntry(offset, record, valid, after);
  }

  static Intent.Write write(long offset, int length, int fill) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) fill);
    return new Intent.Write(offset, ByteBuffer.wrap(bytes));
  }

  static Intent.Zero zero(long offset, long length) {
    return new Intent.Zero(offset, length, false);
  }

  static Intent.Epoch epoch(long nonce) {
    return new Intent.Epoch(new UUID(0, nonce), "host", Intent.Epoch.NO_IMAGE, "");
  }

  static Intent.SnapshotCreate snapshot(long id, String name) {
    return new Intent.SnapshotCreate(new UUID(7, id), name);
  }
}
