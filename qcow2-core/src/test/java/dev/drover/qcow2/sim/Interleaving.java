package dev.drover.qcow2.sim;

import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.function.BooleanSupplier;

/**
 * Threads of which exactly one runs at any time, and a {@link Choice} that says which: at every
 * {@link #step} (before each I/O of an {@link InterleavedBlockFile}, before each taking of a lock)
 * and at every wait for one of the {@link #lock locks} made here. The same choices give the same
 * run, so a seed replays an interleaving, and counting through all choices visits every one.
 *
 * <p>What threads share must be reached under these locks, or be one action between two steps. A
 * thread that is not one of these passes every step and takes locks that must be free.
 */
public final class Interleaving {

  /** Says who goes on. */
  @FunctionalInterface
  public interface Choice {

    /**
     * @param alternatives how many could go on, at least 2
     * @param running whether the first of them is the one that has run until now: any other
     *     interrupts it
     * @return one of them, from 0
     */
    int pick(int alternatives, boolean running);
  }

  /** What one thread does. */
  @FunctionalInterface
  public interface Work {
    void run() throws Exception;
  }

  private static final long STEPS_LIMIT = 1_000_000;
  private static final BooleanSupplier ALWAYS = () -> true;

  private final class Worker {
    private final Thread thread;
    private volatile boolean turn;
    private BooleanSupplier ready = ALWAYS;
    private boolean ended;

    Worker(String name, Work work) {
      thread = Thread.ofVirtual().name(name).unstarted(() -> live(work));
    }

    private void live(Work work) {
      waitForTurn();
      try {
        work.run();
      } catch (Throwable e) {
        fail(e);
      }
      ended = true;
      workers.remove(this);
      passOn();
    }

    void waitForTurn() {
      while (!turn) {
        LockSupport.park(this);
      }
      turn = false;
    }

    void go() {
      turn = true;
      LockSupport.unpark(thread);
    }
  }

  private final Choice choice;
  private final List<Worker> workers = new ArrayList<>();
  private final CountDownLatch allEnded = new CountDownLatch(1);
  private Worker current;
  private Throwable failure;
  private boolean broken;
  private long steps;

  public Interleaving(Choice choice) {
    this.choice = choice;
  }

  /** Adds a thread, before {@link #run}. */
  public Interleaving fork(String name, Work work) {
    workers.add(new Worker(name, work));
    return this;
  }

  /** Runs all threads to their ends; throws what the first of them threw, or AssertionError. */
  public void run() throws Exception {
    workers.forEach(worker -> worker.thread.start());
    passOn();
    if (!allEnded.await(60, TimeUnit.SECONDS)) {
      throw new AssertionError("a thread waits for something that is not of this interleaving");
    }
    switch (failure) {
      case null -> {}
      case Exception e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError(failure);
    }
  }

  private void fail(Throwable e) {
    if (failure == null) {
      failure = e;
    }
  }

  /** How often another thread could have gone on. */
  public long steps() {
    return steps;
  }

  /** Another thread may go on here. */
  public void step() {
    waitUntil(ALWAYS);
  }

  private void waitUntil(BooleanSupplier condition) {
    Worker me = current;
    if (me == null || me.thread != Thread.currentThread() || broken) {
      if (!condition.getAsBoolean()) {
        throw new AssertionError("nobody is there to wait for", failure);
      }
      return;
    }
    me.ready = condition;
    Worker next = next();
    if (next != me) {
      current = next;
      next.go();
      me.waitForTurn();
    }
    me.ready = ALWAYS;
    if (broken) {
      throw new AssertionError("given up", failure);
    }
  }

  /** The running thread has ended, or none runs yet. */
  private void passOn() {
    current = null;
    if (workers.isEmpty()) {
      allEnded.countDown();
      return;
    }
    current = next();
    current.go();
  }

  private Worker next() {
    List<Worker> able = new ArrayList<>(workers);
    able.removeIf(worker -> !worker.ready.getAsBoolean());
    boolean running = able.remove(current);
    if (running) {
      able.addFirst(current);
    }
    if (able.isEmpty() || ++steps > STEPS_LIMIT) {
      String all = workers.stream().map(worker -> worker.thread.getName()).toList().toString();
      fail(new AssertionError((able.isEmpty() ? "deadlock of " : "no end of ") + all));
      broken = true;
      return workers.getFirst(); // each unwinds with an error, and passes on
    }
    return able.size() == 1 ? able.getFirst() : able.get(choice.pick(able.size(), running));
  }

  /** A lock that its waiters see through; not reentrant. */
  public Lock lock() {
    return new SeenLock();
  }

  /** As {@link #lock}; conditions are not supported. */
  public ReadWriteLock readWriteLock() {
    SharedState state = new SharedState();
    Lock read = new SharedLock(state, true);
    Lock write = new SharedLock(state, false);
    return new ReadWriteLock() {
      @Override
      public Lock readLock() {
        return read;
      }

      @Override
      public Lock writeLock() {
        return write;
      }
    };
  }

  private abstract static class PlainLock implements Lock {
    @Override
    public void lockInterruptibly() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean tryLock() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Condition newCondition() {
      throw new UnsupportedOperationException();
    }
  }

  private final class SeenLock extends PlainLock {
    private Thread owner;

    @Override
    public void lock() {
      if (owner == Thread.currentThread()) {
        throw new AssertionError("not reentrant");
      }
      waitUntil(() -> owner == null);
      owner = Thread.currentThread();
    }

    @Override
    public void unlock() {
      requireOwner();
      owner = null;
    }

    private void requireOwner() {
      if (owner != Thread.currentThread()) {
        throw new IllegalMonitorStateException("the owner is " + owner);
      }
    }

    @Override
    public Condition newCondition() {
      return new SeenCondition(this);
    }
  }

  private final class SeenCondition extends UnsupportedWaits {
    private final SeenLock lock;
    private long signals;

    SeenCondition(SeenLock lock) {
      this.lock = lock;
    }

    @Override
    public void awaitUninterruptibly() {
      lock.unlock();
      long before = signals;
      waitUntil(() -> signals > before && lock.owner == null);
      lock.owner = Thread.currentThread();
    }

    @Override
    public void signalAll() {
      lock.requireOwner();
      signals++;
    }
  }

  private abstract static class UnsupportedWaits implements Condition {
    @Override
    public void await() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long awaitNanos(long nanos) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean await(long time, TimeUnit unit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean awaitUntil(Date deadline) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void signal() {
      throw new UnsupportedOperationException();
    }
  }

  private static final class SharedState {
    private int readers;
    private boolean writer;
  }

  private final class SharedLock extends PlainLock {
    private final SharedState state;
    private final boolean shared;

    SharedLock(SharedState state, boolean shared) {
      this.state = state;
      this.shared = shared;
    }

    @Override
    public void lock() {
      waitUntil(() -> !state.writer && (shared || state.readers == 0));
      if (shared) {
        state.readers++;
      } else {
        state.writer = true;
      }
    }

    @Override
    public void unlock() {
      if (shared) {
        state.readers--;
      } else {
        state.writer = false;
      }
    }
  }
}
