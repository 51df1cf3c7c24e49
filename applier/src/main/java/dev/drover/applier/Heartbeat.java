package dev.drover.applier;

import dev.drover.journal.JournalException;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the registry what a replica is doing, every 5 s and when it changes, on a thread of its
 * own: also while the applying thread is held up by a disk or a broker, and after it has ended
 * FAULTED, for as long as its process lives.
 *
 * <p>The registry keeps whoever wrote last. So who can't be sure to be the only one that speaks for
 * the replica, because it was silent for so long that its name was free or because it has let go of
 * the image, looks first whether another process does, and leaves the word to it.
 */
final class Heartbeat implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
  private static final Duration EVERY = Duration.ofSeconds(5);
  // Brokers that come back are told soon: until then a reader must take the replica for silent.
  private static final Duration AGAIN = Duration.ofSeconds(1);
  // A replica that falls behind and catches up all the time has no more to say than this.
  private static final Duration BETWEEN = Duration.ofMillis(500);
  private static final Duration LAST_WORD = Duration.ofSeconds(5);

  private final Registry registry;
  private final Supplier<ReplicaStatus> status;
  private final LongSupplier nanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;
  private boolean due;
  private boolean closing;
  private boolean silently;
  private boolean failing;
  private boolean spoke;
  private long saidNanos;
  private volatile boolean letGo;

  /**
   * @param nanos as {@link System#nanoTime} counts
   */
  Heartbeat(String name, Registry registry, Supplier<ReplicaStatus> status, LongSupplier nanos) {
    this.registry = registry;
    this.status = status;
    this.nanos = nanos;
    this.saidNanos = nanos.getAsLong();
    this.thread = Thread.ofVirtual().name("drover-heartbeat-" + name).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Something changed that people wait to see. */
  void wake() {
    lock.lock();
    try {
      due = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The image is closed and may be another process's from now on; this one has more to say. */
  void letGo() {
    letGo = true;
    wake();
  }

  private void run() {
    boolean more;
    do {
      more = await();
      if (more || !silently) {
        say(status.get());
      }
    } while (more);
  }

  /** Returns false when this is the last word. */
  private boolean await() {
    lock.lock();
    try {
      long left = (failing ? AGAIN : EVERY).toNanos();
      while (!due && !closing && left > 0) {
        left = changed.awaitNanos(left);
      }
      left = BETWEEN.toNanos() - (nanos.getAsLong() - saidNanos);
      while (spoke && !closing && left > 0) {
        left = changed.awaitNanos(left);
      }
      due = false;
      return !closing;
    } catch (InterruptedException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void say(ReplicaStatus now) {
    try {
      boolean alone = !letGo && nanos.getAsLong() - saidNanos < ReplicaStatus.ALIVE.toNanos();
      if (!alone && isSucceeded(now)) {
        return;
      }
      registry.put(now);
      spoke = true;
      saidNanos = nanos.getAsLong();
      failing = false;
    } catch (JournalException | RuntimeException e) {
      if (!failing) {
        LOG.warn("replica {}: the registry can't be told: {}", now.replica(), e.getMessage());
      }
      failing = true;
    }
  }

  private boolean isSucceeded(ReplicaStatus now) throws JournalException {
    return registry
        .replica(now.volume(), now.replica())
        .map(said -> !now.instance().equals(said.instance()))
        .orElse(false);
  }

  /**
   * Begins to end, and returns at once.
   *
   * @param lastWord false when the replica's name is another process's now, which speaks for it
   */
  void finish(boolean lastWord) {
    lock.lock();
    try {
      silently = !lastWord;
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the last word. {@link #finish} comes before. */
  @Override
  public void close() {
    try {
      if (!thread.join(LAST_WORD)) {
        LOG.warn("{}: the registry did not hear the last word", thread.getName());
        thread.interrupt(); // later it could overwrite what a next process says
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
