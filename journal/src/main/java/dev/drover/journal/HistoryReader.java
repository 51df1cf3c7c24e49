package dev.drover.journal;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a volume's {@link JournalHistory} up to the journal's end: from what the registry keeps,
 * reading only what has come since. The registry's copy is a shortcut and never the truth: one that
 * is missing, of another topic, or of a journal that was cut, is read anew from the beginning; one
 * that cannot be written is not missed.
 */
public final class HistoryReader {
  private static final Logger LOG = LoggerFactory.getLogger(HistoryReader.class);
  private static final Duration WAIT = Duration.ofMillis(500);
  // What is cheaper to read again than to write for everybody.
  private static final long WORTH_KEEPING_RECORDS = 1_000;

  private final VolumeDescriptor volume;
  private final IntentSource source;
  private final HistoryShelf shelf;

  /** Reads with this source, which is moved; seek before using it for anything else. */
  public HistoryReader(VolumeDescriptor volume, IntentSource source, HistoryShelf shelf) {
    this.volume = Objects.requireNonNull(volume, "volume");
    this.source = Objects.requireNonNull(source, "source");
    this.shelf = Objects.requireNonNull(shelf, "shelf");
  }

  /**
   * The history up to the journal's end, or to the broken tail of a writer that is gone.
   *
   * @throws JournalException what the source throws; TRIMMED also when the registry keeps none and
   *     the journal's beginning is gone
   */
  public JournalHistory read() throws JournalException {
    Optional<JournalHistory> kept =
        shelf
            .history(volume.name())
            .filter(each -> each.volume().equals(volume.uuid()))
            .filter(each -> each.topicId().equals(volume.topicId()));
    boolean goesOn = kept.isPresent() && continues(kept.get());
    JournalHistory from = goesOn ? kept.get() : JournalHistory.start(volume);
    source.seek(from.position());
    JournalHistory now = toEnd(from);
    if (isNews(kept.orElse(null), now)) {
      keep(now);
    }
    return now;
  }

  /** Not so of a journal that cannot be asked: reading it all would be for nothing. */
  private boolean continues(JournalHistory kept) throws JournalException {
    try {
      source.verifyAt(kept.position());
      return true;
    } catch (JournalException e) {
      if (e.retriable()) {
        throw e;
      }
      LOG.debug("volume {}: the history kept is of another journal", volume.name(), e);
      return false;
    }
  }

  private JournalHistory toEnd(JournalHistory from) throws JournalException {
    JournalHistory now = from;
    long end = source.endOffset();
    while (now.position().nextOffset() < end) {
      for (JournalEntry entry : source.poll(WAIT)) {
        if (entry.offset() < end) {
          now = now.past(entry);
        }
      }
      if (source.stall().filter(stall -> stall.seenTo() >= end).isPresent()) {
        break;
      }
    }
    return now;
  }

  private static boolean isNews(JournalHistory kept, JournalHistory now) {
    return kept == null
        ? now.position().nextOffset() > 0
        : kept.sizeBytes() != now.sizeBytes()
            || !kept.snapshots().equals(now.snapshots())
            || !kept.marks().equals(now.marks())
            || now.position().nextOffset() - kept.position().nextOffset() >= WORTH_KEEPING_RECORDS;
  }

  private void keep(JournalHistory now) {
    try {
      shelf.put(volume.name(), now);
    } catch (JournalException e) {
      LOG.debug("volume {}: its history could not be kept", volume.name(), e);
    }
  }
}
