package dev.drover.journal;

import dev.drover.journal.LogView.Seen;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What the end of a log tells: who wrote last, and what the next writer has to go on from.
 *
 * <p>It is found from a few records at the end, however long the log is. The last record that
 * counts is the last of the newest epoch's unbroken run of sequences. That a run which begins in
 * the middle of an epoch is unbroken below, too, is proved by {@code acked}: a writer names a
 * sequence there only after it has seen it, and everything before it, in the log and counting. So
 * the look goes back until the run begins at its EPOCH, or with a record that a later one of the
 * run names as acknowledged.
 *
 * @param endOffset the end that was looked from
 * @param countsBelow records of the writer's epoch count below this offset and no further
 * @param totalPayloadBytes of the records that count, up to the end
 * @param timestampMillis the latest time stamped, so that no later record is stamped earlier
 * @param writer who wrote last; null when nobody has
 * @param lease how long that writer answers reads on one proof; of an EPOCH record that is no
 *     longer there the longest that it can have been
 * @param acknowledged whether the log shows that the writer has acknowledged something in its epoch
 */
public record LogTail(
    long endOffset,
    long countsBelow,
    long totalPayloadBytes,
    long timestampMillis,
    WriterState writer,
    Duration lease,
    boolean acknowledged) {
  private static final int FIRST_LOOK = 16;
  private static final int GROWTH = 4;

  /** The tail of everything below {@code end}. */
  public static LogTail below(long end, LogView log) throws JournalException {
    long begin = log.beginOffset();
    for (long width = FIRST_LOOK; begin < end; width *= GROWTH) {
      long from = Math.max(begin, end - width);
      Run run = Run.of(log.read(from, end));
      if (run != null && (run.isProved() || from == begin)) {
        return fromRun(run, end, log);
      }
      if (from == begin) {
        break;
      }
    }
    return new LogTail(end, 0, 0, 0, null, Duration.ZERO, false);
  }

  private static LogTail fromRun(Run run, long end, LogView log) throws JournalException {
    long total = 0;
    long time = 0;
    if (run.last != null) {
      total = run.last.record().totalPayloadBytes();
      time = run.last.record().timestampMillis();
    } else {
      // Nothing counts in the newest epoch yet; its EPOCH does not know what does below.
      LogTail before = below(run.epoch, log);
      total = before.totalPayloadBytes;
      time = before.timestampMillis;
    }
    JournalRecord newest = run.newest.record();
    time = Math.max(time, newest.timestampMillis());
    Intent.Epoch opened = run.opened == null ? opening(run.epoch, log) : run.opened;
    WriterState writer =
        new WriterState(
            run.epoch,
            opened == null ? "unknown" : opened.host(),
            opened == null ? null : opened.imageIncarnation(),
            opened == null ? "unknown" : opened.image(),
            Instant.ofEpochMilli(newest.timestampMillis()),
            newest.intent() instanceof Intent.Heartbeat(boolean closing) && closing);
    long countsBelow = (run.last == null ? run.epoch : run.last.offset()) + 1;
    Duration lease =
        Duration.ofMillis(opened == null ? Intent.Epoch.MAX_LEASE_MILLIS : opened.leaseMillis());
    return new LogTail(end, countsBelow, total, time, writer, lease, run.isAcknowledged());
  }

  /** Whether the record counts, as far as the log below {@code end} can tell. */
  public static boolean counts(Seen seen, long end, LogView log) throws JournalException {
    LogTail tail = below(end, log);
    // Each epoch's own end is the next one's beginning: go down to the record's own.
    while (tail.writer != null && tail.writer.epoch() > seen.epoch()) {
      tail = below(tail.writer.epoch(), log);
    }
    return tail.writer != null
        && tail.writer.epoch() == seen.epoch()
        && seen.offset() < tail.countsBelow;
  }

  private static Intent.Epoch opening(long epoch, LogView log) throws JournalException {
    if (epoch < log.beginOffset()) {
      return null;
    }
    for (Seen seen : log.read(epoch, epoch + 1)) {
      if (seen.record().intent() instanceof Intent.Epoch opened) {
        return opened;
      }
    }
    return null;
  }

  /** The newest epoch's records among some at the end of a log. */
  private static final class Run {
    private final long epoch;
    private Intent.Epoch opened;
    private Seen first;
    private Seen last;
    private Seen newest;
    private boolean broken;

    private Run(long epoch) {
      this.epoch = epoch;
    }

    static Run of(List<Seen> records) {
      long epoch = records.stream().mapToLong(Seen::epoch).max().orElse(-1);
      if (epoch < 0) {
        return null;
      }
      Run run = new Run(epoch);
      for (Seen seen : records) {
        if (seen.epoch() == epoch) {
          run.take(seen);
        }
      }
      return run;
    }

    private void take(Seen seen) {
      newest = seen;
      if (seen.record().intent() instanceof Intent.Epoch epochRecord) {
        opened = epochRecord;
        return;
      }
      long sequence = seen.record().sequence();
      long expected = last != null ? last.record().sequence() + 1 : opened != null ? 0 : sequence;
      broken |= sequence != expected;
      if (!broken) {
        first = first == null ? seen : first;
        last = seen;
      }
    }

    boolean isAcknowledged() {
      return last != null && last.record().acked() >= 0;
    }

    boolean isProved() {
      // acked never falls within an epoch, so the last one of the run decides.
      return opened != null
          || (first != null && last.record().acked() >= first.record().sequence());
    }
  }
}
