package dev.drover.journal;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A shelf of histories that counts what is put on it, and that can be out of reach. */
final class MemoryShelf implements HistoryShelf {
  private final Map<String, JournalHistory> kept = new HashMap<>();
  private boolean readOnly;
  int puts;

  /** A volume of that journal, called v. */
  static VolumeDescriptor volume(MemoryJournal journal, long sizeBytes) {
    try (IntentSource source = journal.source()) {
      return new VolumeDescriptor(
          "v",
          journal.volume(),
          sizeBytes,
          VolumeDescriptor.State.READY,
          "drover.v.intents",
          source.identity().topicId(),
          Chunker.MAX_DATA_BYTES,
          Instant.EPOCH,
          null);
    } catch (JournalException e) {
      throw new AssertionError(e);
    }
  }

  void setReadOnly() {
    readOnly = true;
  }

  @Override
  public Optional<JournalHistory> history(String volume) {
    return Optional.ofNullable(kept.get(volume));
  }

  @Override
  public void put(String volume, JournalHistory history) throws JournalException {
    if (readOnly) {
      throw new JournalException(JournalException.Code.NOT_AUTHORIZED, "the shelf is read-only");
    }
    puts++;
    kept.put(volume, history);
  }
}
