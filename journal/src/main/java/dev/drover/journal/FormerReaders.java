package dev.drover.journal;

import java.time.Duration;

/**
 * Until when the readers of a volume's former writers may still be answered: before that a new
 * writer acknowledges nothing, or they could miss it. See {@link ReadLease}.
 *
 * <p>A former writer answers no reads any more when it said goodbye, when its image is ours (the
 * image's lock, on one host, shows that its process is gone), or when nothing of its epoch counts:
 * then it never had a proof. Of any other it is believed that it handed over its last record just
 * before our EPOCH, or, if the log had no more when it was looked at before, just before that look;
 * and that its clock runs slower than ours.
 *
 * <p>One former writer is not enough to look at: it may itself have been waiting for the readers of
 * the one before it when it ended. That it was not shows in the log, because it names a record as
 * acknowledged only after that wait. So the look goes down to the first epoch that does.
 */
final class FormerReaders {
  /** Two clocks may differ by a seventh of the faster one's time. */
  private static final int DRIFT_PARTS = 6;

  private final EpochWriter.Options me;
  private long seenEnd = JournalRecord.NONE;
  private long seenAtNanos;

  FormerReaders(EpochWriter.Options me) {
    this.me = me;
  }

  /** The log was seen to end there, at that time or before. */
  void saw(long end, long nanos) {
    if (end != seenEnd) {
      seenEnd = end;
      seenAtNanos = nanos;
    }
  }

  /**
   * When the first of ours may be acknowledged.
   *
   * @param below the tail of everything below our EPOCH record
   * @param nanos now, when that record is known to be there
   */
  long answeredUntil(LogTail below, LogView log, long nanos) throws JournalException {
    long since = below.endOffset() == seenEnd ? seenAtNanos : nanos;
    Duration lease = longestLease(below, log);
    return since + lease.plus(lease.dividedBy(DRIFT_PARTS)).toNanos();
  }

  private Duration longestLease(LogTail below, LogView log) throws JournalException {
    Duration longest = Duration.ZERO;
    LogTail tail = below;
    while (tail.writer() != null) {
      if (mayRead(tail) && tail.lease().compareTo(longest) > 0) {
        longest = tail.lease();
      }
      if (tail.acknowledged()) {
        break;
      }
      tail = LogTail.below(tail.writer().epoch(), log);
    }
    return longest;
  }

  private boolean mayRead(LogTail tail) {
    WriterState writer = tail.writer();
    boolean ours = me.incarnation().equals(writer.incarnation()) && me.host().equals(writer.host());
    boolean proved = tail.countsBelow() > writer.epoch() + 1;
    return proved && !ours && !writer.closed();
  }
}
