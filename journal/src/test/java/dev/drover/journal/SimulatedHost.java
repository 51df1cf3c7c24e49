package dev.drover.journal;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.function.LongSupplier;

/** A process's clocks and its way to a {@link SimulatedLog}, as good or bad as a test wants. */
final class SimulatedHost {
  private static final long NOT_FROZEN = Long.MAX_VALUE;

  private final String name;
  private final LongSupplier realMillis;
  private final double rate;
  private long aheadMillis;
  private long suspendedSince = -1;
  private long suspendedMillis;
  private boolean cutOff;
  private long frozenEnd = NOT_FROZEN;

  /**
   * A host that the log can be reached from.
   *
   * @param rate how fast its monotonic clock runs
   * @param aheadMillis of the real time, by its wall clock
   */
  SimulatedHost(String name, LongSupplier realMillis, double rate, long aheadMillis) {
    this.name = name;
    this.realMillis = realMillis;
    this.rate = rate;
    this.aheadMillis = aheadMillis;
  }

  String name() {
    return name;
  }

  /** As {@link System#nanoTime}: stands still while the host is suspended. */
  long nanos() {
    long now = suspendedSince < 0 ? realMillis.getAsLong() : suspendedSince;
    return (long) ((now - suspendedMillis) * rate * 1_000_000);
  }

  void suspend() {
    suspendedSince = realMillis.getAsLong();
  }

  void wake() {
    suspendedMillis += realMillis.getAsLong() - suspendedSince;
    suspendedSince = -1;
  }

  /** Somebody sets the wall clock. */
  void setClock(long newAheadMillis) {
    aheadMillis = newAheadMillis;
  }

  /** Nothing comes or goes any more. */
  void cutOff() {
    cutOff = true;
  }

  /** The only broker it still reaches led the log once, and answers as if it did. */
  void cutOffWithFormerLeader(long end) {
    cutOff = true;
    frozenEnd = end;
  }

  void reconnect() {
    cutOff = false;
    frozenEnd = NOT_FROZEN;
  }

  /** Whether what it appends gets to the log, and what is acknowledged gets back. */
  boolean isCutOff() {
    return cutOff;
  }

  boolean canRead() {
    return !cutOff || frozenEnd != NOT_FROZEN;
  }

  long end(long realEnd) {
    return Math.min(realEnd, frozenEnd);
  }

  Clock clock() {
    return new Clock() {
      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        return this;
      }

      @Override
      public Instant instant() {
        return Instant.ofEpochMilli(realMillis.getAsLong() + aheadMillis);
      }
    };
  }
}
