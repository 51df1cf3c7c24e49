package dev.drover.journal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Port: reads one volume's journal in order, each record verified and judged.
 *
 * <p>Contract for implementers:
 *
 * <ul>
 *   <li>Confined to one thread at a time; no method is safe against another.
 *   <li>Entries come in offset order, without a gap, each once, valid and void ones; {@link
 *       EpochTracker} decides which is which. Nothing behind a fault is ever returned: the entries
 *       before it come first, then the exception, again at every further {@link #poll} until {@link
 *       #seek}.
 *   <li>A retriable exception ({@link JournalException#retriable}) loses nothing: the next poll
 *       goes on where the last one ended.
 *   <li>It never stores its place anywhere. Where to go on is the caller's to know.
 *   <li>The data of a returned {@link Intent.Write} may share memory with its neighbours; it stays
 *       valid and unchanged for as long as the caller holds it.
 * </ul>
 */
public interface IntentSource extends AutoCloseable {
  /**
   * A broken tail at which the journal can't go on yet: records of {@code epoch} follow, but {@code
   * missingSequence} is not among them, and no later EPOCH has ended the epoch.
   *
   * @param offset the first record that broke the sequence
   * @param seenTo how far the tail was looked through for an EPOCH; below the journal's end there
   *     may still be one
   */
  record Stall(long offset, long epoch, long missingSequence, long seenTo) {
    /** For {@code status}. */
    public String reason() {
      return "epoch %d breaks off at offset %d: sequence %d is missing"
          .formatted(epoch, offset, missingSequence);
    }
  }

  /**
   * What the last record of the journal says: how far behind a position is.
   *
   * @param offset the offset behind it
   * @param totalPayloadBytes bytes of guest data in the whole journal; 0 if it is empty
   * @param timestampMillis when it was stamped; 0 if it is empty
   */
  record LogEnd(long offset, long totalPayloadBytes, long timestampMillis) {}

  /**
   * Which journal this is. Comparing it with what an image knows is the caller's task, before
   * {@link #seek}.
   */
  JournalIdentity identity() throws JournalException;

  /**
   * Goes to a position after checking that this still is the journal it was taken from: not
   * trimmed, not truncated, and the record just below it the same (leader epoch, header CRC).
   *
   * @throws JournalException TRIMMED, TRUNCATED, DAMAGED_RECORD, or retriable
   */
  void seek(Position position) throws JournalException;

  /**
   * Waits up to {@code max} for at least one entry. An empty list means that none came: the end was
   * reached, or {@link #stall}.
   *
   * @throws JournalException a fault at {@link #position}, or retriable: the broker is away
   */
  List<JournalEntry> poll(Duration max) throws JournalException;

  /** Behind the last entry returned; where {@link #seek} went if none was. */
  Position position();

  /** The first offset that the journal still has. */
  long beginOffset() throws JournalException;

  /** The offset behind the last record now, asked from the journal each time. */
  long endOffset() throws JournalException;

  /**
   * The journal's end, with the totals that its last record claims; for lag, not for judging. It
   * may read a record to know, so ask every few seconds, not at each step. Reading goes on
   * undisturbed.
   *
   * @throws JournalException as {@link #seek}
   */
  LogEnd logEnd() throws JournalException;

  /**
   * A hint where to look for a time: the first offset whose record the log itself dates at or after
   * it, or the end if it dates none so. The log's dates may be by another clock than the records'
   * own, and those of void records count as well: so nothing follows from it alone. Reading goes on
   * undisturbed.
   */
  long dated(long millis) throws JournalException;

  /** Looks at any place of the journal beside what is read in order; the caller closes it. */
  LogView look() throws JournalException;

  /** Why {@link #poll} has nothing to return although the journal goes on, if so. */
  Optional<Stall> stall();

  /** Whether a broken tail holds the journal up; see {@link #stall}. */
  default boolean stalled() {
    return stall().isPresent();
  }

  /**
   * The check that {@link #seek} makes, for another position, without going there.
   *
   * @throws JournalException as {@link #seek}
   */
  void verifyAt(Position position) throws JournalException;

  /** Idempotent. */
  @Override
  void close();
}
