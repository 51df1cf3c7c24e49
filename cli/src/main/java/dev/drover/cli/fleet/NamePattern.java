package dev.drover.cli.fleet;

import dev.drover.cli.value.IllegalValue;
import java.util.regex.Pattern;

/** Which volume names are meant: {@code *} is any run of characters, {@code ?} any one. */
public final class NamePattern {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_*?-]+");

  private final Pattern names;

  private NamePattern(Pattern names) {
    this.names = names;
  }

  /** Parses a pattern; what no name could ever match is told. */
  public static NamePattern parse(String text) {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalValue(
          "pattern '%s' matches no volume name; use letters, digits, '_', '-', '*' and '?'"
              .formatted(text));
    }
    return new NamePattern(Pattern.compile(text.replace("*", ".*").replace('?', '.')));
  }

  /** Whether it means this name. */
  public boolean matches(String name) {
    return names.matcher(name).matches();
  }
}
