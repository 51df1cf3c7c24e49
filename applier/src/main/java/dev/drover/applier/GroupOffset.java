package dev.drover.applier;

import java.time.Duration;

/**
 * Tells Kafka how far the image is, now and then. It is a report for lag tools and never read back,
 * so that it cannot be set now holds nothing up; that another process has taken the replica's
 * identity does.
 */
final class GroupOffset {

  private static final long NEVER = -1;

  private final CompensationLog log;
  private final Ticker ticker;
  private final long everyNanos;
  private long committed = NEVER;
  private long lastTryNanos;
  private boolean unheard;

  GroupOffset(CompensationLog log, Ticker ticker, Duration every) {
    this.log = log;
    this.ticker = ticker;
    this.everyNanos = every.toNanos();
    this.lastTryNanos = ticker.nanos() - everyNanos;
  }

  /** What earlier processes have told. */
  void load() throws ApplierException {
    committed = log.committed().orElse(NEVER);
  }

  boolean isNews(long offset) {
    return offset != committed;
  }

  /** Whether it is time to tell {@code offset}: at most once in the interval, and only news. */
  boolean isDue(long offset) {
    return isNews(offset) && ticker.nanos() - lastTryNanos >= everyNanos;
  }

  /** Tells it now. */
  void commit(long offset) throws ApplierException {
    lastTryNanos = ticker.nanos();
    try {
      log.commit(offset);
      unheard = false;
      committed = offset;
    } catch (ApplierException e) {
      if (e.code() != ApplierException.Code.LOG_UNAVAILABLE) {
        throw e;
      }
      unheard = true;
    }
  }

  /** Whether the last try found no broker: who stops need not wait for another. */
  boolean isUnheard() {
    return unheard;
  }

  /** It was set together with something else. */
  void committed(long offset) {
    committed = offset;
    lastTryNanos = ticker.nanos();
  }
}
