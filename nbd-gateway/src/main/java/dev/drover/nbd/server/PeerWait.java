package dev.drover.nbd.server;

import java.util.function.LongSupplier;

/** Since when a connection waits for its peer within one request, if it does. */
final class PeerWait {
  private final LongSupplier nanoTime;
  private volatile boolean waiting;
  private volatile long sinceNanos;

  PeerWait(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  void begin() {
    sinceNanos = nanoTime.getAsLong();
    waiting = true;
  }

  void end() {
    waiting = false;
  }

  boolean longerThan(long limitNanos) {
    return waiting && nanoTime.getAsLong() - sinceNanos > limitNanos;
  }
}
