package dev.drover.applier;

import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;

/**
 * What is fetched and not yet applied, bounded by bytes. It also holds the journal to what the
 * image knows of it: entries are contiguous, and the record at the gate is the one that the image
 * has effects of (I-33).
 */
final class IntentQueue implements Iterable<JournalEntry> {

  // What an entry costs besides its payload, roughly: heartbeats are bounded too.
  private static final int ENTRY_BYTES = 256;

  private final IntentSource source;
  private final int maxBytes;
  private final ArrayDeque<JournalEntry> entries = new ArrayDeque<>();
  private final Position gate;
  private Position tail;
  private long bytes;
  private JournalException cut;

  /**
   * @param from where the source stands
   * @param gate the position that the image's effects reach to, at or above {@code from}
   */
  IntentQueue(IntentSource source, int maxBytes, Position from, Position gate) {
    this.source = source;
    this.maxBytes = maxBytes;
    this.tail = from;
    this.gate = gate;
  }

  /**
   * Takes what the source has, waiting only when there is nothing to do. A fault of the source is
   * heard when everything before it is applied: the source repeats it until then.
   */
  void fill(Duration max) throws JournalException {
    if (cut != null) {
      throw cut;
    }
    if (bytes >= maxBytes) {
      return;
    }
    List<JournalEntry> polled;
    try {
      polled = source.poll(entries.isEmpty() ? max : Duration.ZERO);
    } catch (JournalException e) {
      if (entries.isEmpty()) {
        throw e;
      }
      return;
    }
    for (JournalEntry entry : polled) {
      add(entry);
    }
  }

  private void add(JournalEntry entry) throws JournalException {
    if (entry.offset() != tail.nextOffset() || entry.after().nextOffset() != entry.offset() + 1) {
      throw new IllegalStateException(
          "the source gave offset %d after position %d"
              .formatted(entry.offset(), tail.nextOffset()));
    }
    if (entry.after().nextOffset() == gate.nextOffset() && !entry.after().sameRecordBelow(gate)) {
      cut =
          new JournalException(
              JournalException.Code.TRUNCATED,
              "offset %d is not the record that the image has effects of: the journal was cut below"
                      .formatted(entry.offset())
                  + " the image's minRecovery and went on");
      throw cut;
    }
    entries.add(entry);
    bytes += cost(entry);
    tail = entry.after();
  }

  private static long cost(JournalEntry entry) {
    return ENTRY_BYTES + entry.record().intent().dataBytes();
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  JournalEntry head() {
    return entries.getFirst();
  }

  /** Behind the last entry fetched. */
  Position tail() {
    return tail;
  }

  void remove(int count) {
    for (int i = 0; i < count; i++) {
      bytes -= cost(entries.removeFirst());
    }
  }

  /** In journal order, without the first {@code count}. */
  Iterable<JournalEntry> skipping(int count) {
    return () -> {
      Iterator<JournalEntry> all = entries.iterator();
      for (int i = 0; i < count; i++) {
        all.next();
      }
      return all;
    };
  }

  @Override
  public Iterator<JournalEntry> iterator() {
    return entries.iterator();
  }
}
