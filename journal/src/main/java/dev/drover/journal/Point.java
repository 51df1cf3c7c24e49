package dev.drover.journal;

import java.time.Instant;

/** A place in a journal as people name it; {@link PointResolver} finds what it means there. */
public sealed interface Point {
  /** The log end, read once. */
  record End() implements Point {}

  /** Everything below this offset. */
  record AtOffset(long offset) implements Point {}

  /** The prefix before the first intent stamped later. */
  record AtTime(Instant time) implements Point {}

  /** Up to the record of the newest live snapshot of this name, and with it. */
  record AtSnapshot(String name) implements Point {}

  /** Up to the newest mark of this name, and with it. */
  record AtMark(String name) implements Point {}
}
