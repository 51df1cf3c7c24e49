package dev.drover.journal;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * Who wrote the journal last, as the journal itself tells.
 *
 * @param epoch the newest epoch seen at the journal's end
 * @param host the host that took it
 * @param incarnation the image it serves; null for a verb that took an epoch for one record
 * @param image the path of that image, or what took the epoch, for people
 * @param lastSeen when its newest record was stamped, by the writer's clock
 * @param closed whether that record says goodbye
 */
public record WriterState(
    long epoch, String host, UUID incarnation, String image, Instant lastSeen, boolean closed) {

  /** How often an idle writer says that it is there. */
  public static final Duration HEARTBEAT = Duration.ofSeconds(5);

  /** How long a writer's last record protects it from being superseded by accident. */
  public static final Duration ALIVE = Duration.ofSeconds(15);

  /** The same writer, last seen at {@code when} by another clock. */
  public WriterState seenAt(Instant when) {
    return new WriterState(epoch, host, incarnation, image, when, closed);
  }

  /**
   * Whether the writer looks alive at {@code now}, by the clock that {@link #lastSeen} is of: as
   * the journal tells it that is the writer's own, see {@link Registry#byOwnClock}. What risks data
   * on it asks a {@link WriterWatch}.
   */
  public boolean isAlive(Instant now) {
    return !closed && lastSeen.plus(ALIVE).isAfter(now);
  }
}
