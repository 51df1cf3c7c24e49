package dev.drover.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The writing port of a {@link MemoryJournal}: one epoch. */
public final class MemorySink implements IntentSink {
  private final MemoryJournal journal;
  private final long epoch;
  private final CompletableFuture<JournalException> lost = new CompletableFuture<>();
  private final List<CompletableFuture<Long>> inFlight = new ArrayList<>();
  private long sequence;
  private long acked = JournalRecord.NONE;
  private long total;
  private long time;
  private int loseNext;
  private boolean broken;
  private JournalException over;

  MemorySink(MemoryJournal journal, Position afterEpoch, long epoch) {
    this.journal = journal;
    this.epoch = epoch;
    this.total = afterEpoch.totalPayloadBytes();
    this.time = afterEpoch.timestampMillis();
  }

  @Override
  public long epoch() {
    return epoch;
  }

  /**
   * The next records take their sequence and vanish, as a batch that expires unsent does; what is
   * appended afterwards is a broken tail. None of it is ever acknowledged.
   */
  public void loseNext(int records) {
    synchronized (journal) {
      loseNext = records;
    }
  }

  @Override
  public CompletableFuture<Long> append(Intent intent) {
    var done = new CompletableFuture<Long>();
    Runnable ack = null;
    JournalException failed;
    synchronized (journal) {
      failed = over;
      if (failed == null && journal.isAway()) {
        failed =
            over =
                new JournalException(
                    JournalException.Code.APPEND_FAILED, "the broker is away for good");
      }
      if (failed == null) {
        inFlight.add(done);
        ack = write(intent, done);
      }
    }
    if (failed != null) {
      if (failed.code() != JournalException.Code.CLOSED) {
        fail(failed);
      }
      done.completeExceptionally(failed);
    } else if (ack != null) {
      journal.acknowledge(ack);
    }
    return done;
  }

  /** Returns how it is acknowledged, or null if it never is. */
  private Runnable write(Intent intent, CompletableFuture<Long> done) {
    long last = -1;
    boolean whole = true;
    for (Intent chunk : Chunker.split(intent)) {
      time = Math.max(time, journal.clock().millis());
      total += chunk.dataBytes();
      long mine = sequence++;
      if (loseNext > 0) {
        loseNext--;
        broken = true;
      } else {
        last =
            journal.append(
                new JournalRecord(journal.volume(), epoch, mine, acked, time, total, chunk));
      }
      whole &= !broken;
    }
    long offset = last;
    long upTo = sequence - 1;
    return whole ? () -> ack(done, offset, upTo) : null;
  }

  private void ack(CompletableFuture<Long> done, long offset, long upTo) {
    synchronized (journal) {
      if (over != null) {
        return; // fence() has failed it
      }
      acked = Math.max(acked, upTo);
      inFlight.remove(done);
    }
    done.complete(offset);
  }

  void fence(long by) {
    fail(
        new JournalException(
            JournalException.Code.FENCED, "epoch %d is over: %d began".formatted(epoch, by)));
  }

  /** The writer learns that its journal is lost: all in flight fails, and all that follows. */
  public void fail(JournalException why) {
    end(why);
    lost.complete(why);
  }

  private void end(JournalException why) {
    List<CompletableFuture<Long>> open;
    synchronized (journal) {
      if (over == null) {
        over = why;
      }
      open = List.copyOf(inFlight);
      inFlight.clear();
    }
    open.forEach(f -> f.completeExceptionally(why));
  }

  /** This journal knows at once who is fenced. */
  @Override
  public CompletableFuture<Void> sole() {
    synchronized (journal) {
      return over == null
          ? CompletableFuture.completedFuture(null)
          : CompletableFuture.failedFuture(over);
    }
  }

  @Override
  public CompletableFuture<JournalException> lost() {
    return lost;
  }

  @Override
  public void close() {
    synchronized (journal) {
      if (over != null) {
        return;
      }
    }
    append(new Intent.Heartbeat(true));
    end(new JournalException(JournalException.Code.CLOSED, "the sink was closed"));
  }
}
