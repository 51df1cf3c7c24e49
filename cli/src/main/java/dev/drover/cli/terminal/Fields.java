package dev.drover.cli.terminal;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** The fields of one JSON object, in the order they were added. */
public final class Fields {
  private final Map<String, Object> fields = new LinkedHashMap<>();

  public static Fields of(String name, Object value) {
    return new Fields().and(name, value);
  }

  /** Adds one; an {@link Instant} becomes ISO-8601 UTC, an enum its name. */
  public Fields and(String name, Object value) {
    fields.put(
        name,
        switch (value) {
          case Instant time -> time.truncatedTo(ChronoUnit.MILLIS).toString();
          case Enum<?> constant -> constant.name();
          case null, default -> value;
        });
    return this;
  }

  /** Adds one unless it is null. */
  public Fields andIf(String name, Object value) {
    return value == null ? this : and(name, value);
  }

  public Map<String, Object> map() {
    return fields;
  }
}
