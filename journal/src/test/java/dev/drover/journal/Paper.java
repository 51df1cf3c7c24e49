package dev.drover.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A journal on paper: records one wrote down by hand, and what a tracker makes of them. */
final class Paper {
  static final UUID VOLUME = new UUID(1, 2);

  /** What became of a journal, in one line: "E0 +1 -2 !LOST", "E0 +1 stalled". */
  record Outcome(List<JournalEntry> entries, JournalException fault, boolean stalled) {
    @Override
    public String toString() {
      StringBuilder line = new StringBuilder();
      for (JournalEntry entry : entries) {
        char mark = entry.record().intent() instanceof Intent.Epoch ? 'E' : '+';
        line.append(entry.valid() ? mark : '-').append(entry.offset()).append(' ');
      }
      line.append(fault != null ? "!" + fault.code() : stalled ? "stalled" : "");
      return line.toString().strip();
    }
  }

  private final List<JournalRecord> records = new ArrayList<>();
  private long total;
  private long time = 1_000;

  /** An EPOCH record; returns its epoch. */
  long epoch() {
    records.add(
        JournalRecord.epoch(
            VOLUME,
            time,
            total,
            new Intent.Epoch(new UUID(9, records.size()), "h", Intent.Epoch.NO_IMAGE, "")));
    return records.size() - 1;
  }

  /** A record without data. */
  Paper add(long epoch, long sequence, long acked) {
    return add(epoch, sequence, acked, new Intent.Flush());
  }

  /** A record whose data counts in the running total from here on. */
  Paper add(long epoch, long sequence, long acked, Intent intent) {
    total += intent.dataBytes();
    return add(new JournalRecord(VOLUME, epoch, sequence, acked, ++time, total, intent));
  }

  Paper add(JournalRecord record) {
    records.add(record);
    return this;
  }

  List<JournalRecord> records() {
    return records;
  }

  Outcome read() {
    return read(Position.START);
  }

  Outcome read(Position from) {
    return read(VOLUME, records, from);
  }

  /** Does what a source does with the tracker's verdicts. */
  static Outcome read(UUID volume, List<JournalRecord> records, Position from) {
    var tracker = new EpochTracker(volume, from);
    List<JournalEntry> entries = new ArrayList<>();
    int patience = 3 * records.size() + 3;
    while (tracker.nextOffset() < records.size()) {
      if (patience-- == 0) {
        throw new AssertionError("reads the same records for ever");
      }
      int offset = (int) tracker.nextOffset();
      ByteBuffer value = RecordCodec.encode(records.get(offset));
      try {
        switch (tracker.accept(offset, 0, value)) {
          case EpochTracker.Emit(JournalEntry entry) -> entries.add(entry);
          case EpochTracker.Held _ -> {
            // nothing yet
          }
          case EpochTracker.Reread(long back) -> {
            if (back != tracker.nextOffset()) {
              throw new AssertionError("reread " + back + ", next " + tracker.nextOffset());
            }
          }
        }
      } catch (JournalException e) {
        return new Outcome(entries, e, tracker.stall().isPresent());
      }
    }
    return new Outcome(entries, null, tracker.stall().isPresent());
  }
}
