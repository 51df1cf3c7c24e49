package dev.drover.journal;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Which names volumes, replicas, snapshots and marks may have. */
public final class JournalNames {
  /** The one pattern for all of them; it also keeps every name legal in a Kafka topic name. */
  public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");

  private JournalNames() {}

  /** Whether this is a legal name. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /** Returns the name, or throws IllegalArgumentException that says what a name looks like. */
  public static String check(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException(
          "'" + name + "' is not a name: 1 to 63 of A-Z a-z 0-9 _ -, first a letter or digit");
    }
    return name;
  }

  static void checkText(String text, int maxBytes) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > maxBytes) {
      throw new IllegalArgumentException("text of " + bytes + " bytes, at most " + maxBytes);
    }
  }
}
