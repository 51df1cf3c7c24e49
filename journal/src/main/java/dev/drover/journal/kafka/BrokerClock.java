package dev.drover.journal.kafka;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The brokers' clock as this process knows it: what a broker answered to a write, carried on by
 * this host's monotonic clock for as long as the two can't have drifted apart. Thread-safe.
 */
final class BrokerClock {
  private static final Duration GOOD_FOR = Duration.ofMinutes(2);

  private final LongSupplier nanos;
  private Instant heard;
  private long heardNanos;

  BrokerClock(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** A broker has just dated a record so. */
  synchronized void heard(long brokerMillis) {
    heard = Instant.ofEpochMilli(brokerMillis);
    heardNanos = nanos.getAsLong();
  }

  /** Empty when no broker has said for too long. */
  synchronized Optional<Instant> now() {
    long age = nanos.getAsLong() - heardNanos;
    return heard == null || age > GOOD_FOR.toNanos()
        ? Optional.empty()
        : Optional.of(heard.plusNanos(age));
  }
}
