package dev.drover.applier;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** Time that passes only when a test says so. */
public final class ManualTime extends Clock implements Ticker {

  private long nanos;

  public void advance(Duration by) {
    nanos += by.toNanos();
  }

  @Override
  public Instant now() {
    return Instant.ofEpochSecond(1_800_000_000L).plusNanos(nanos);
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public void pause(long pauseNanos) {
    nanos += pauseNanos;
  }

  @Override
  public Instant instant() {
    return now();
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
