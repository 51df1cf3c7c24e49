package dev.drover.journal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The reading port of a {@link MemoryJournal}. */
final class MemorySource implements IntentSource {
  private static final String NAME = "memory";

  private final MemoryJournal journal;
  private EntryQueue entries;

  MemorySource(MemoryJournal journal) {
    this.journal = journal;
    this.entries = new EntryQueue(NAME, journal.volume(), Position.START);
  }

  @Override
  public JournalIdentity identity() throws JournalException {
    requireReachable();
    return journal.identity();
  }

  @Override
  public void seek(Position position) throws JournalException {
    verifyAt(position);
    entries = new EntryQueue(NAME, journal.volume(), position);
  }

  @Override
  public void verifyAt(Position position) throws JournalException {
    synchronized (journal) {
      requireReachable();
      PositionCheck.range(NAME, position, journal.begin(), journal.end());
      if (position.nextOffset() > 0) {
        var below = journal.stored(position.nextOffset() - 1);
        PositionCheck.below(NAME, position, below.leaderEpoch(), below.value());
      }
    }
  }

  @Override
  public List<JournalEntry> poll(Duration max) throws JournalException {
    synchronized (journal) {
      waitForMore(max);
      requireReachable();
      for (int left = journal.maxPollRecords(); left > 0; ) {
        long offset = entries.nextOffset();
        if (offset >= journal.end() || entries.faulted()) {
          break;
        }
        if (offset < journal.begin()) {
          throw new JournalException(JournalException.Code.TRIMMED, "trimmed under the reader")
              .at(NAME, offset);
        }
        var stored = journal.stored(offset);
        entries.offer(offset, stored.leaderEpoch(), stored.value());
        left -= entries.stall().isPresent() ? 0 : 1;
      }
      if (entries.nextOffset() > journal.end()) {
        throw new JournalException(JournalException.Code.TRUNCATED, "truncated under the reader")
            .at(NAME, entries.nextOffset());
      }
      return entries.drain();
    }
  }

  private void waitForMore(Duration max) throws JournalException {
    long until = System.nanoTime() + max.toNanos();
    while (!entries.faulted() && !journal.isAway() && entries.nextOffset() >= journal.end()) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        return;
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(journal, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new JournalException(JournalException.Code.CLOSED, "interrupted", e);
      }
    }
  }

  @Override
  public Position position() {
    return entries.position();
  }

  @Override
  public long beginOffset() throws JournalException {
    requireReachable();
    return journal.begin();
  }

  @Override
  public long endOffset() throws JournalException {
    requireReachable();
    return journal.end();
  }

  @Override
  public LogEnd logEnd() throws JournalException {
    synchronized (journal) {
      requireReachable();
      long end = journal.end();
      if (end == journal.begin()) {
        return new LogEnd(end, 0, 0);
      }
      JournalRecord last = RecordCodec.decode(journal.stored(end - 1).value());
      return new LogEnd(end, last.totalPayloadBytes(), last.timestampMillis());
    }
  }

  @Override
  public long dated(long millis) throws JournalException {
    requireReachable();
    return journal.dated(millis);
  }

  @Override
  public LogView look() {
    return journal.view();
  }

  @Override
  public Optional<Stall> stall() {
    return entries.stall();
  }

  @Override
  public void close() {
    // nothing is held
  }

  private void requireReachable() throws JournalException {
    if (journal.isAway()) {
      throw new JournalException(JournalException.Code.UNREACHABLE, "the broker is away");
    }
  }
}
