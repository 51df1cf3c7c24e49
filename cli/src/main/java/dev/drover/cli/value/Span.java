package dev.drover.cli.value;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A length of time as people type it: 500ms, 120s, 2m. */
public final class Span {
  private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

  public static Duration parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches() || Long.parseLong(form.group(1)) == 0) {
      throw new IllegalValue(
          "'" + text + "' is not a length of time; give, for example, 120s (ms, s, m, h)");
    }
    long count = Long.parseLong(form.group(1));
    return switch (form.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      default -> Duration.ofHours(count);
    };
  }

  private Span() {}
}
