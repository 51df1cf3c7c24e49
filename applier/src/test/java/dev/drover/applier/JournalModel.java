package dev.drover.applier;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.MemoryJournal;
import dev.drover.journal.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What a journal makes of a disk, without an image. */
final class JournalModel {

  private JournalModel() {}

  /** Everything that a reader is given, void entries too; of a damaged journal what precedes it. */
  static List<JournalEntry> entries(MemoryJournal journal) {
    List<JournalEntry> all = new ArrayList<>();
    try (IntentSource source = journal.source()) {
      source.seek(Position.START);
      for (List<JournalEntry> next = source.poll(Duration.ZERO);
          !next.isEmpty();
          next = source.poll(Duration.ZERO)) {
        all.addAll(next);
      }
    } catch (JournalException e) {
      // It ends here for the engine, too.
    }
    return all;
  }

  /** What a guest must see when everything below {@code offset} is applied. */
  static byte[] guest(List<JournalEntry> entries, long offset, long size) {
    byte[] guest = new byte[(int) size];
    Map<UUID, byte[]> snapshots = new HashMap<>();
    for (JournalEntry entry : entries) {
      if (entry.offset() < offset && entry.valid()) {
        guest = apply(entry.record().intent(), guest, snapshots);
      }
    }
    return guest;
  }

  /** What each snapshot must hold then. */
  static Map<UUID, byte[]> snapshots(List<JournalEntry> entries, long offset, long size) {
    byte[] guest = new byte[(int) size];
    Map<UUID, byte[]> snapshots = new HashMap<>();
    for (JournalEntry entry : entries) {
      if (entry.offset() < offset && entry.valid()) {
        guest = apply(entry.record().intent(), guest, snapshots);
      }
    }
    return snapshots;
  }

  private static byte[] apply(Intent intent, byte[] guest, Map<UUID, byte[]> snapshots) {
    switch (intent) {
      case Intent.Write write -> write.data().get(guest, (int) write.guestOffset(), write.length());
      case Intent.Zero zero -> {
        int from = (int) zero.guestOffset();
        Arrays.fill(guest, from, from + (int) zero.length(), (byte) 0);
      }
      case Intent.SnapshotCreate create -> snapshots.putIfAbsent(create.id(), guest.clone());
      case Intent.SnapshotDelete delete -> snapshots.remove(delete.id());
      case Intent.SnapshotRevert revert -> {
        return snapshots.get(revert.id()).clone();
      }
      case Intent.Resize resize -> {
        return Arrays.copyOf(guest, (int) resize.sizeBytes());
      }
      case Intent.Flush _, Intent.Mark _, Intent.Epoch _, Intent.Heartbeat _ -> {}
    }
    return guest;
  }
}
