package dev.drover.journal;

import java.util.List;

/**
 * Port: looks into one volume's log at any place, judging nothing.
 *
 * <p>Contract for implementers: confined to one thread at a time; what was returned once is
 * returned again (a log only grows at its end), unless the log itself was cut, which shows as
 * missing offsets. A record that is no record of this volume is an exception, not an omission.
 */
public interface LogView extends AutoCloseable {
  /**
   * A record at its place.
   *
   * @param offset where it is
   * @param record what it says
   */
  record Seen(long offset, JournalRecord record) {
    /** The epoch it belongs to; an EPOCH record belongs to the one that it opens. */
    public long epoch() {
      return record.intent() instanceof Intent.Epoch ? offset : record.epoch();
    }
  }

  /** The first offset that the log still has. */
  long beginOffset() throws JournalException;

  /** The offset behind the last record that every reader sees now. */
  long endOffset() throws JournalException;

  /**
   * The records in [from, to), in order; {@code to} is at most the end. Offsets at which there is
   * no record are left out.
   *
   * @throws JournalException retriable; or DAMAGED_RECORD, UNSUPPORTED_RECORD, FOREIGN_RECORD at
   *     its offset; or TRUNCATED when the log does not reach from {@code from} to {@code to}
   */
  List<Seen> read(long from, long to) throws JournalException;

  @Override
  void close();
}
