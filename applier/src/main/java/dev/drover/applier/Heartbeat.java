package dev.drover.applier;

import dev.drover.journal.JournalException;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the registry what a replica is doing, every 5 s and when it changes, on a thread of its
 * own: also while the applying thread is held up by a disk or a broker.
 */
final class Heartbeat implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
  private static final Duration EVERY = Duration.ofSeconds(5);
  private static final Duration LAST_WORD = Duration.ofSeconds(5);

  private final Registry registry;
  private final Supplier<ReplicaStatus> status;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;
  private boolean due;
  private boolean closing;
  private boolean failing;

  Heartbeat(String name, Registry registry, Supplier<ReplicaStatus> status) {
    this.registry = registry;
    this.status = status;
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

  private void run() {
    boolean more;
    do {
      more = await();
      say(status.get());
    } while (more);
  }

  /** Returns false when this is the last word. */
  private boolean await() {
    lock.lock();
    try {
      long left = EVERY.toNanos();
      while (!due && !closing && left > 0) {
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
      registry.put(now);
      failing = false;
    } catch (JournalException | RuntimeException e) {
      if (!failing) {
        LOG.warn("replica {}: the registry can't be told: {}", now.replica(), e.getMessage());
      }
      failing = true;
    }
  }

  /** Says the last word and ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      if (!thread.join(LAST_WORD)) {
        LOG.warn("{}: the registry did not hear the last word", thread.getName());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
