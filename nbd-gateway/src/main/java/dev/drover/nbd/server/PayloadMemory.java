package dev.drover.nbd.server;

import java.util.concurrent.Semaphore;

/**
 * The memory that request payloads of one export may take, over all its connections: one budget for
 * the data of read replies, one for the data of unanswered writes, so that writes which wait for
 * room in an overlay never keep reads from being answered.
 *
 * <p>First come, first served, also for a large request behind small ones. No request is larger
 * than a budget, and whoever holds memory waits only for the export or for its client, never for
 * more memory: so it always comes back, or {@link Transmission#enforce} takes the client away.
 */
final class PayloadMemory {
  private final Semaphore reads;
  private final Semaphore writes;

  PayloadMemory(NbdServerOptions options) {
    reads = new Semaphore(Math.toIntExact(options.readBudgetBytes()), true);
    writes = new Semaphore(Math.toIntExact(options.writeBudgetBytes()), true);
  }

  void acquireRead(int bytes) throws InterruptedException {
    reads.acquire(bytes);
  }

  void releaseRead(int bytes) {
    reads.release(bytes);
  }

  void acquireWrite(int bytes) throws InterruptedException {
    writes.acquire(bytes);
  }

  void releaseWrite(int bytes) {
    writes.release(bytes);
  }

  /** Whether anyone waits for memory. */
  boolean contended() {
    return reads.hasQueuedThreads() || writes.hasQueuedThreads();
  }

  /** For tests: everything has come back. */
  boolean whole(NbdServerOptions options) {
    return reads.availablePermits() == options.readBudgetBytes()
        && writes.availablePermits() == options.writeBudgetBytes();
  }
}
