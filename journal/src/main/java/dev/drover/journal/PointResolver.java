package dev.drover.journal;

import static dev.drover.journal.JournalException.Code.POINT_MISSING;
import static dev.drover.journal.JournalException.Code.POINT_PASSED;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Finds the offset that a {@link Point} means: everything below it belongs to the point, nothing
 * else does. A name is looked up in the {@link JournalHistory}, a time in the journal.
 *
 * <p><b>A time</b> is the prefix before the first record that counts and is stamped later. Among
 * records that count stamps never fall. So if the last one below some place is stamped no later,
 * none below it is, and what is meant is the first later one from there on: any place that passes
 * this test is as good as the beginning. The log's own dates only propose one. They may be a
 * broker's (LogAppendTime), and a void record's stamp may lie anywhere; the worst that comes of it
 * is that the journal is read from where the image is, as it is when the proposal fails the test.
 *
 * <p>The source is moved; {@link IntentSource#seek} before using it for anything else.
 */
public final class PointResolver {
  private static final Duration WAIT = Duration.ofMillis(500);
  private static final int LOOK_RECORDS = 64;

  private final IntentSource source;
  private final HistoryReader history;

  /**
   * What a point means.
   *
   * @param end everything below belongs to it
   * @param settled whether that is so for good. It isn't when a time lies behind the last intent's:
   *     more intents may still be stamped within it, and {@code end} is the log's end now
   */
  public record Resolution(long end, boolean settled) {}

  /** Looks points up with this source, and names in the history that is kept on the shelf. */
  public PointResolver(VolumeDescriptor volume, IntentSource source, HistoryShelf shelf) {
    this.source = source;
    this.history = new HistoryReader(volume, source, shelf);
  }

  /**
   * Resolves a point for an image.
   *
   * @param from where the image is; {@link Position#START} for a fresh one
   * @return an end at or above {@code from}; an offset may lie beyond the log's end
   * @throws JournalException POINT_PASSED (below {@code from}), POINT_MISSING (no such snapshot or
   *     mark), or what the source throws
   */
  public Resolution resolve(Point point, Position from) throws JournalException {
    return switch (point) {
      case Point.End _ -> notBelow(from, "the log end", source.endOffset());
      case Point.AtOffset(long offset) -> notBelow(from, "offset " + offset, offset);
      case Point.AtTime(Instant time) -> atTime(time, from);
      case Point.AtSnapshot(String name) ->
          named(
              "snapshot " + name,
              history.read().liveSnapshot(name).map(JournalHistory.Snapshot::offset),
              from);
      case Point.AtMark(String name) ->
          named("mark " + name, history.read().mark(name).map(JournalHistory.Mark::offset), from);
    };
  }

  private static Resolution notBelow(Position from, String what, long end) throws JournalException {
    if (end < from.nextOffset()) {
      throw passed(what, end, from);
    }
    return new Resolution(end, true);
  }

  private static JournalException passed(String what, long end, Position from) {
    return new JournalException(
        POINT_PASSED,
        "%s ends at offset %d, and the image is at %d already"
            .formatted(what, end, from.nextOffset()));
  }

  private Resolution atTime(Instant time, Position from) throws JournalException {
    if (from.nextOffset() > 0 && isLater(from, time)) {
      throw new JournalException(
          POINT_PASSED,
          "time %s: the image is at offset %d already, stamped %s"
              .formatted(time, from.nextOffset(), Instant.ofEpochMilli(from.timestampMillis())));
    }
    source.verifyAt(from);
    long end = source.endOffset();
    Optional<Resolution> found = nearItsDate(time, from, end);
    if (found.isPresent()) {
      return found.get();
    }
    source.seek(from);
    Optional<JournalEntry> later = first(end, entry -> isLater(entry.after(), time));
    return later.isPresent()
        ? new Resolution(later.get().offset(), true)
        : new Resolution(Math.max(end, from.nextOffset()), false);
  }

  /** Empty when what the log proposes is of no use. */
  private Optional<Resolution> nearItsDate(Instant time, Position from, long end)
      throws JournalException {
    long millis = time.toEpochMilli();
    long near = Math.min(source.dated(Math.max(0, millis + 1)), end);
    try (LogView log = source.look()) {
      if (near <= Math.max(from.nextOffset(), log.beginOffset())
          || LogTail.below(near, log).timestampMillis() > millis) {
        return Optional.empty();
      }
      long until = Math.min(end, near + LOOK_RECORDS);
      for (LogView.Seen seen : log.read(near, until)) {
        if (seen.record().timestampMillis() > millis
            && LogTail.counts(seen, seen.offset() + 1, log)) {
          return Optional.of(new Resolution(seen.offset(), true));
        }
      }
      return until == end ? Optional.of(new Resolution(end, false)) : Optional.empty();
    }
  }

  private static boolean isLater(Position position, Instant time) {
    return Instant.ofEpochMilli(position.timestampMillis()).isAfter(time);
  }

  private static Resolution named(String what, Optional<Long> record, Position from)
      throws JournalException {
    if (record.isEmpty()) {
      throw new JournalException(POINT_MISSING, "the journal has no " + what);
    }
    return notBelow(from, what, record.get() + 1);
  }

  /** The first entry that counts and passes the test, from here to {@code end} or a broken tail. */
  private Optional<JournalEntry> first(long end, Predicate<JournalEntry> test)
      throws JournalException {
    while (source.position().nextOffset() < end) {
      for (JournalEntry entry : source.poll(WAIT)) {
        if (entry.offset() < end && entry.valid() && test.test(entry)) {
          return Optional.of(entry);
        }
      }
      Optional<IntentSource.Stall> stall = source.stall();
      if (stall.isPresent() && stall.get().seenTo() >= end) {
        break;
      }
    }
    return Optional.empty();
  }
}
