package dev.drover.nbd;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/** A journal in memory, whose acknowledgements come when the test says so, or at once. */
final class FakeJournal implements IntentSink {
  static final long EPOCH = 4;

  private final List<Intent> intents = new ArrayList<>();
  private final Queue<CompletableFuture<Long>> unacknowledged = new ArrayDeque<>();
  private final CompletableFuture<JournalException> lost = new CompletableFuture<>();
  private final boolean acknowledgesAtOnce;
  private CompletableFuture<Void> sole = CompletableFuture.completedFuture(null);
  private long acknowledged = EPOCH + 1;

  private FakeJournal(boolean acknowledgesAtOnce) {
    this.acknowledgesAtOnce = acknowledgesAtOnce;
  }

  static FakeJournal acknowledgingAtOnce() {
    return new FakeJournal(true);
  }

  static FakeJournal acknowledgingWhenTold() {
    return new FakeJournal(false);
  }

  @Override
  public long epoch() {
    return EPOCH;
  }

  @Override
  public CompletableFuture<Long> append(Intent intent) {
    CompletableFuture<Long> future = new CompletableFuture<>();
    synchronized (this) {
      if (lost.isDone()) {
        return CompletableFuture.failedFuture(lost.join());
      }
      intents.add(intent);
      unacknowledged.add(future);
      notifyAll();
    }
    if (acknowledgesAtOnce) {
      acknowledgeNext();
    }
    return future;
  }

  /** Returns whether there was anything to acknowledge. */
  boolean acknowledgeNext() {
    CompletableFuture<Long> next;
    long offset;
    synchronized (this) {
      next = unacknowledged.poll();
      if (next == null) {
        return false;
      }
      offset = acknowledged++;
    }
    next.complete(offset);
    return true;
  }

  void acknowledgeAll() {
    while (acknowledgeNext()) {}
  }

  /** Another writer takes over, or the broker never answers again. */
  void lose(JournalException.Code code) {
    JournalException cause = new JournalException(code, "as the test wishes");
    List<CompletableFuture<Long>> failed;
    synchronized (this) {
      lost.complete(cause);
      failed = List.copyOf(unacknowledged);
      unacknowledged.clear();
    }
    failed.forEach(future -> future.completeExceptionally(cause));
  }

  /** Reads wait for {@link #prove} from now on. */
  synchronized void stopProving() {
    sole = new CompletableFuture<>();
  }

  synchronized void prove() {
    sole.complete(null);
  }

  @Override
  public synchronized CompletableFuture<Void> sole() {
    return sole;
  }

  @Override
  public CompletableFuture<JournalException> lost() {
    return lost;
  }

  /** What was appended, in order; the first one is at {@code EPOCH + 1}. */
  synchronized List<Intent> intents() {
    return List.copyOf(intents);
  }

  /** Where the next intent will be. */
  synchronized long endOffset() {
    return EPOCH + 1 + intents.size();
  }

  synchronized Intent at(long offset) {
    return intents.get((int) (offset - EPOCH - 1));
  }

  /** Waits until so many intents were appended. */
  synchronized void awaitAppends(int count) throws InterruptedException {
    while (intents.size() < count) {
      wait();
    }
  }

  @Override
  public void close() {}
}
