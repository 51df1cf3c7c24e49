package dev.drover.cli.replica;

import dev.drover.applier.ReplicaPorts;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import dev.drover.journal.Point;
import dev.drover.journal.PointResolver;
import dev.drover.journal.PointResolver.Resolution;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Finds the offset of a POINT, waiting where that is what the verb promises. Only a time can need
 * it: until it has passed, or an intent is stamped later, more may come that belongs to it.
 */
record PointSearch(PointResolver points, Clock clock, StopSignals signals) {
  private static final Duration AGAIN = Duration.ofMillis(500);

  static PointSearch in(
      VolumeDescriptor volume, ReplicaPorts ports, Clock clock, StopSignals signals) {
    return new PointSearch(
        new PointResolver(volume, ports.source(), ports.registry()), clock, signals);
  }

  /**
   * Waits for the point if it lies in the future, also while brokers are away.
   *
   * @param waits hears, once, where the journal ends while there is something to wait for
   * @return empty when asked to stop meanwhile
   */
  OptionalLong await(Point point, Position from, LongConsumer waits)
      throws JournalException, InterruptedException {
    for (boolean waiting = false; ; waiting = true) {
      try {
        Resolution found = points.resolve(point, from);
        if (isFinal(point, found)) {
          return OptionalLong.of(found.end());
        }
        if (!waiting) {
          waits.accept(found.end());
        }
      } catch (JournalException e) {
        if (!waiting || !e.retriable()) {
          throw e;
        }
      }
      if (signals.await(AGAIN.toMillis(), TimeUnit.MILLISECONDS)) {
        return OptionalLong.empty();
      }
    }
  }

  /** Refuses a point in the future. */
  long now(Point point) throws JournalException {
    Resolution found = points.resolve(point, Position.START);
    if (!isFinal(point, found)) {
      throw CommandFailure.failed(
          "POINT_BEYOND_END",
          "the journal ends at offset %d, before that time".formatted(found.end()),
          "wait until it has passed, or use 'drover apply --until', which waits");
    }
    return found.end();
  }

  /** Writers stamp with the clock: once a time has passed, nothing more is stamped before it. */
  private boolean isFinal(Point point, Resolution found) {
    return found.settled()
        || point instanceof Point.AtTime(var time) && clock.instant().isAfter(time);
  }
}
