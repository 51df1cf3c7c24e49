package dev.drover.cli.config;

import java.util.Locale;
import java.util.regex.Pattern;

/** One effective setting and where it came from. */
public record Setting(String key, String value, String origin) {
  private static final Pattern SECRET =
      Pattern.compile("password|secret|jaas|token|credential|(?:^|\\.)key(?:$|\\.(?!store))");

  /** Values that open doors are never shown. */
  public boolean isSecret() {
    String name = key.toLowerCase(Locale.ROOT);
    boolean serializerOrPath = name.endsWith(".location") || name.endsWith(".type");
    return !serializerOrPath && SECRET.matcher(name).find();
  }

  public String shown() {
    return isSecret() ? "********" : value;
  }
}
