package dev.drover.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Does the pieces of a long copy, several at a time: each is prepared at any time (read, looked
 * through, packed) and then written. In order, unless any order will do, so that the result is that
 * of one worker. As many pieces are in memory as there are workers. The first failure stops all.
 */
final class CopyWorkers {

  /** One piece of the copy. */
  @FunctionalInterface
  interface Piece {
    /** Any thread. */
    Write prepare() throws IOException;
  }

  /** What a piece has to write. */
  @FunctionalInterface
  interface Write {
    void run() throws IOException;
  }

  private final int workers;
  private final boolean anyOrder;
  private final Iterator<Piece> pieces;
  private final Lock lock = new ReentrantLock();
  private final Condition turns = lock.newCondition();
  private long taken;
  private long written;
  private Throwable failure;

  /**
   * @param pieces asked for the next one by one worker at a time
   */
  CopyWorkers(int workers, boolean anyOrder, Iterator<Piece> pieces) {
    this.workers = workers;
    this.anyOrder = anyOrder;
    this.pieces = pieces;
  }

  void run() throws IOException {
    if (workers == 1) {
      work();
    } else {
      try (ExecutorService threads = Executors.newFixedThreadPool(workers)) {
        for (int i = 0; i < workers; i++) {
          threads.execute(this::work);
        }
      }
    }
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case UncheckedIOException e -> throw e.getCause(); // iterators can't throw what they mean
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  private void work() {
    try {
      while (doNext()) {
        // until there are no more
      }
    } catch (IOException | RuntimeException | Error e) {
      lock.lock();
      try {
        failure = failure == null ? e : failure;
        turns.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private boolean doNext() throws IOException {
    Piece piece;
    long number;
    lock.lock();
    try {
      if (failure != null || !pieces.hasNext()) {
        return false;
      }
      piece = pieces.next();
      number = taken++;
    } finally {
      lock.unlock();
    }
    Write write = piece.prepare();
    if (anyOrder) {
      write.run();
      return true;
    }
    if (!awaitTurn(number)) {
      return false;
    }
    write.run();
    passTurn();
    return true;
  }

  private boolean awaitTurn(long number) {
    lock.lock();
    try {
      while (failure == null && written != number) {
        turns.awaitUninterruptibly();
      }
      return failure == null;
    } finally {
      lock.unlock();
    }
  }

  private void passTurn() {
    lock.lock();
    try {
      written++;
      turns.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
