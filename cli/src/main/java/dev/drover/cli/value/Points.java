package dev.drover.cli.value;

import dev.drover.journal.Point;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;

/** A place in a journal as people type it. */
public final class Points {
  /** Parses {@code end}, {@code offset:N}, {@code time:T}, {@code snapshot:S} or {@code mark:M}. */
  public static Point parse(String text) {
    if (text.equals("end")) {
      return new Point.End();
    }
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String value = colon < 0 ? "" : text.substring(colon + 1);
    return switch (kind) {
      case "offset" -> new Point.AtOffset(offset(text, value));
      case "time" -> new Point.AtTime(time(text, value));
      case "snapshot" -> new Point.AtSnapshot(Names.check("snapshot", value));
      case "mark" -> new Point.AtMark(Names.check("mark", value));
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
      // As records are stamped: a time that milliseconds cannot count is none.
      return Instant.ofEpochMilli(OffsetDateTime.parse(value).toInstant().toEpochMilli());
    } catch (DateTimeException | ArithmeticException e) {
      throw new IllegalValue(
          "'" + text + "' is not a point; time: needs ISO-8601, for example 2026-01-31T12:00:00Z");
    }
  }

  private Points() {}
}
