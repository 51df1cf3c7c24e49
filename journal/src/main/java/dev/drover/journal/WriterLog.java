package dev.drover.journal;

/** Port: one volume's log as its writer needs it: to look into, and to append to. */
public interface WriterLog extends LogView {

  /** Begins a line of appends that has nothing in flight yet. */
  Appender appender() throws JournalException;

  /**
   * One line of appends, which keeps their order.
   *
   * <p>Contract for implementers: {@link #append} may block while too much is in flight, and is
   * called by one thread at a time; {@link #abort} may be called by another meanwhile and makes it
   * return. After a receipt's {@code failed} <em>nothing</em> further is appended, not even what
   * was handed over before: the log never gets a hole that later records follow. Each append has
   * one receipt, on any thread; acknowledgements come in the order of the appends.
   */
  interface Appender {
    /** Hands a record over; what becomes of it, also when that is known at once, is receipted. */
    void append(JournalRecord record, Receipt receipt);

    /** Stops at once; what was in flight may or may not be in the log. Idempotent. */
    void abort();
  }

  /** What became of one append. Implementations return quickly and take no lock. */
  interface Receipt {
    /** An offset that is not told: the record is in the log, appended by an earlier attempt. */
    long UNTOLD = -1;

    /** The record is in the log, at {@code offset} or {@link #UNTOLD}. */
    void acknowledged(long offset);

    /** The record may or may not be in the log; nothing behind it is. */
    void failed(Exception cause);
  }
}
