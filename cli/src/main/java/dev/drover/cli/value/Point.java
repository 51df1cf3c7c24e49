package dev.drover.cli.value;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;

/** A place in a journal as people name it; what it means there is found when it is read. */
public sealed interface Point {
  /** The log end, read once at start. */
  record End() implements Point {}

  /** Everything below this offset. */
  record AtOffset(long offset) implements Point {}

  /** The prefix before the first intent stamped later. */
  record AtTime(Instant time) implements Point {}

  /** Up to this snapshot's record, and with it. */
  record AtSnapshot(String name) implements Point {}

  /** Up to this mark's record, and with it. */
  record AtMark(String name) implements Point {}

  /** Parses {@code end}, {@code offset:N}, {@code time:T}, {@code snapshot:S} or {@code mark:M}. */
  static Point parse(String text) {
    if (text.equals("end")) {
      return new End();
    }
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String value = colon < 0 ? "" : text.substring(colon + 1);
    return switch (kind) {
      case "offset" -> new AtOffset(offset(text, value));
      case "time" -> new AtTime(time(text, value));
      case "snapshot" -> new AtSnapshot(Names.check("snapshot", value));
      case "mark" -> new AtMark(Names.check("mark", value));
      default ->
          throw new IllegalValue(
              "'"
                  + text
                  + "' is not a point; give end, offset:N, time:ISO-8601, snapshot:NAME or"
                  + " mark:NAME");
    };
  }

  private static long offset(String text, String value) {
    if (!value.matches("\\d{1,18}")) {
      throw new IllegalValue("'" + text + "' is not a point; offset: needs a whole number from 0");
    }
    return Long.parseLong(value);
  }

  private static Instant time(String text, String value) {
    try {
      return OffsetDateTime.parse(value).toInstant();
    } catch (DateTimeException e) {
      throw new IllegalValue(
          "'" + text + "' is not a point; time: needs ISO-8601, for example 2026-01-31T12:00:00Z");
    }
  }
}
