package dev.drover.cli.replica;

import dev.drover.applier.ReplicaReport;
import dev.drover.cli.value.ByteSize;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How fast a run goes and how long it still takes, by what it has done since it was first looked
 * at: the records that are left are taken to cost what those before them did. One thread.
 */
final class Pace {
  private static final double NANOS = 1e9;

  private final LongSupplier nanos;
  private ReplicaReport first;
  private ReplicaReport now;
  private long firstNanos;
  private long nowNanos;

  Pace() {
    this(System::nanoTime);
  }

  Pace(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** The run is here now. */
  void at(ReplicaReport report) {
    nowNanos = nanos.getAsLong();
    now = report;
    if (first == null) {
      first = report;
      firstNanos = nowNanos;
    }
  }

  /** Payload bytes applied a second; null when nothing can be said yet. */
  Long bytesPerSecond() {
    double seconds = seconds();
    return seconds <= 0 ? null : Math.round((now.bytes() - first.bytes()) / seconds);
  }

  /**
   * Null when nothing can be said, or nothing is left: neither while it stands, nor of a point that
   * the journal does not reach yet, because when it will is the writer's to say.
   */
  Long secondsLeft() {
    long done = now == null ? 0 : now.appliedOffset() - first.appliedOffset();
    if (done <= 0 || seconds() <= 0 || stands() || now.untilOffset() > now.logEndOffset()) {
      return null;
    }
    long end = now.untilOffset() < 0 ? now.logEndOffset() : now.untilOffset();
    long left = end - now.appliedOffset();
    return left <= 0 ? null : (long) Math.ceil(left * seconds() / done);
  }

  private boolean stands() {
    return switch (now.state()) {
      case STARTING, CATCHING_UP, RUNNING -> false;
      case STALLED, FAULTED, STOPPED -> true;
    };
  }

  /** For the end of a line; empty when nothing can be said. */
  String text() {
    Long rate = bytesPerSecond();
    Long left = secondsLeft();
    String atRate = rate == null ? "" : ", %s/s".formatted(ByteSize.text(rate));
    return left == null ? atRate : atRate + ", " + text(Duration.ofSeconds(left)) + " left";
  }

  private static String text(Duration left) {
    return left.toHours() > 0
        ? "%d:%02d:%02d".formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart())
        : "%d:%02d".formatted(left.toMinutes(), left.toSecondsPart());
  }

  private double seconds() {
    return now == null ? 0 : (nowNanos - firstNanos) / NANOS;
  }
}
