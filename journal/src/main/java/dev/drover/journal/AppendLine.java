package dev.drover.journal;

import dev.drover.journal.JournalException.Code;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * What {@link EpochWriter} has handed to the log and not settled yet, in order: numbers records,
 * stamps them, and hands them over again in a new epoch. This class is separate because it is the
 * only part of the writer that several threads enter: {@link #append} by whoever writes, receipts
 * by the log's threads, everything else by the one that steps the writer.
 *
 * <p>The lock orders appends, and is held while the log makes an append wait. So nothing that must
 * go on then takes it: receipts are queued, settled records leave a concurrent queue.
 */
final class AppendLine {

  /** A record that is not settled yet; {@code done} is null where nobody waits for it. */
  static final class Pending {
    final Intent intent;
    final CompletableFuture<Long> done;
    private long sequence = JournalRecord.NONE;
    private ReadLease.Moment handedOver;

    Pending(Intent intent, CompletableFuture<Long> done) {
      this.intent = intent;
      this.done = done;
    }

    /** When it was handed to the log, the last time. */
    ReadLease.Moment handedOver() {
      return handedOver;
    }
  }

  /**
   * What became of an append.
   *
   * @param line which line of appends it was on; an abandoned line's receipts say nothing any more
   * @param sequence which record, or {@link JournalRecord#NONE} for EPOCH
   * @param offset where it is, when it did not fail
   * @param failure why it failed, else null
   */
  record Receipt(int line, long sequence, long offset, Exception failure) {}

  private final UUID volume;
  private final Clock clock;
  private final LongSupplier nanos;
  private final BlockingQueue<Receipt> receipts = new LinkedBlockingQueue<>();
  private final Queue<Pending> pending = new ConcurrentLinkedQueue<>();
  private volatile WriterLog.Appender appender;
  private volatile int line;
  private volatile long acked = JournalRecord.NONE;
  private volatile long lastAppend;
  private volatile JournalException refusal;

  private final ReentrantLock lock = new ReentrantLock();
  private boolean open;
  private long epoch = JournalRecord.NONE;
  private long nextSequence;
  private long total;
  private long lastStamp;

  AppendLine(UUID volume, Clock clock, LongSupplier nanos) {
    this.volume = volume;
    this.clock = clock;
    this.nanos = nanos;
  }

  // ---- whoever writes ----

  /** Appends the intents together; completes with the offset of the last one. */
  CompletableFuture<Long> append(List<Intent> intents) {
    lock.lock();
    try {
      if (refusal != null) {
        return CompletableFuture.failedFuture(refusal);
      }
      CompletableFuture<Long> done = new CompletableFuture<>();
      for (int i = 0; i < intents.size(); i++) {
        hand(new Pending(intents.get(i), i == intents.size() - 1 ? done : null));
      }
      return done;
    } finally {
      lock.unlock();
    }
  }

  /** Appends one more and refuses every later one. */
  CompletableFuture<Long> appendLast(Intent intent) {
    lock.lock();
    try {
      CompletableFuture<Long> done = append(List.of(intent));
      if (refusal == null) {
        refusal = new JournalException(Code.CLOSED, "the writer is being closed");
      }
      return done;
    } finally {
      lock.unlock();
    }
  }

  // ---- the thread that steps ----

  /** Appends {@code intent} if nothing is refused. */
  void appendBeside(Intent intent) {
    lock.lock();
    try {
      if (refusal == null) {
        hand(new Pending(intent, null));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Appends {@code intent} if nothing is unsettled and nothing refused. */
  void appendIfIdle(Intent intent) {
    lock.lock();
    try {
      if (refusal == null && pending.isEmpty()) {
        hand(new Pending(intent, null));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Begins a line with an EPOCH record; appends wait for {@link #begin}. */
  void open(WriterLog.Appender newAppender, Intent.Epoch opening, LogTail after) {
    lock.lock();
    try {
      line++;
      appender = newAppender;
      lastStamp = Math.max(Math.max(lastStamp, after.timestampMillis()), clock.millis());
      appender.append(
          JournalRecord.epoch(volume, lastStamp, after.totalPayloadBytes(), opening),
          receipt(line, JournalRecord.NONE));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Numbers and hands over everything that is pending, in the epoch that the line has opened; new
   * appends follow it.
   *
   * @param totalBelow the running total of what counts below
   * @param stampBelow the latest time stamped below
   */
  void begin(long newEpoch, long totalBelow, long stampBelow) {
    lock.lock();
    try {
      epoch = newEpoch;
      acked = JournalRecord.NONE;
      nextSequence = 0;
      total = totalBelow;
      lastStamp = Math.max(lastStamp, stampBelow);
      pending.forEach(this::send);
      open = true;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the line and keeps what is pending for the next one. */
  void abandon() {
    abort();
    lock.lock();
    try {
      open = false;
      line++;
    } finally {
      lock.unlock();
    }
  }

  /** Ends for good: returns what was pending, and every later append fails as {@code why}. */
  List<Pending> refuse(JournalException why) {
    refusal = why;
    // Before the lock: it may be held by an append that only this wakes.
    abort();
    lock.lock();
    try {
      open = false;
      line++;
      List<Pending> unsettled = new ArrayList<>(pending);
      pending.clear();
      return unsettled;
    } finally {
      lock.unlock();
    }
  }

  private void abort() {
    WriterLog.Appender current = appender;
    if (current != null) {
      current.abort();
    }
  }

  /** The oldest pending record, which must have this sequence, leaves. */
  Pending settle(long sequence) {
    Pending settled = pending.remove();
    if (settled.sequence != sequence) {
      throw new IllegalStateException(
          "settled sequence %d, expected %d".formatted(sequence, settled.sequence));
    }
    acked = sequence;
    return settled;
  }

  /** How many are not settled. */
  int size() {
    return pending.size();
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** When something was handed to the log last, as {@link System#nanoTime} counts. */
  long lastAppendNanos() {
    return lastAppend;
  }

  boolean isCurrent(Receipt receipt) {
    return receipt.line == line;
  }

  /** Waits for a receipt, and returns all there are. */
  List<Receipt> receipts(Duration max) throws InterruptedException {
    List<Receipt> found = new ArrayList<>();
    Receipt first = receipts.poll(max.toNanos(), TimeUnit.NANOSECONDS);
    if (first != null) {
      found.add(first);
      receipts.drainTo(found);
    }
    return found;
  }

  // ---- the lock is held ----

  private void hand(Pending record) {
    // First the queue: a receipt may come before append returns.
    pending.add(record);
    if (open) {
      send(record);
    }
  }

  private void send(Pending record) {
    record.sequence = nextSequence++;
    total += record.intent.dataBytes();
    lastStamp = Math.max(lastStamp, clock.millis());
    record.handedOver = ReadLease.Moment.now(nanos, clock);
    lastAppend = record.handedOver.nanos();
    appender.append(
        new JournalRecord(volume, epoch, record.sequence, acked, lastStamp, total, record.intent),
        receipt(line, record.sequence));
  }

  private WriterLog.Receipt receipt(int ofLine, long sequence) {
    return new WriterLog.Receipt() {
      @Override
      public void acknowledged(long offset) {
        receipts.add(new Receipt(ofLine, sequence, offset, null));
      }

      @Override
      public void failed(Exception cause) {
        receipts.add(new Receipt(ofLine, sequence, JournalRecord.NONE, cause));
      }
    };
  }
}
