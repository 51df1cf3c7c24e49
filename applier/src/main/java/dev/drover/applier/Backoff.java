package dev.drover.applier;

import java.time.Duration;

/** How long to wait before the next try: doubles from a first wait up to a cap. */
final class Backoff {

  private final long firstNanos;
  private final long capNanos;
  private long nextNanos;
  private long untilNanos;
  private boolean waiting;

  Backoff(Duration first, Duration cap) {
    this.firstNanos = first.toNanos();
    this.capNanos = cap.toNanos();
    this.nextNanos = firstNanos;
  }

  void begin(long nowNanos) {
    untilNanos = nowNanos + nextNanos;
    nextNanos = Math.min(capNanos, nextNanos * 2);
    waiting = true;
  }

  /** How long it still is; 0: not waiting. */
  long remainingNanos(long nowNanos) {
    if (waiting && untilNanos - nowNanos <= 0) {
      waiting = false;
    }
    return waiting ? untilNanos - nowNanos : 0;
  }

  void reset() {
    nextNanos = firstNanos;
    waiting = false;
  }
}
