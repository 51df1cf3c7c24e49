package dev.drover.cli.value;

import java.util.regex.Pattern;

/** The names of volumes, replicas, snapshots and marks: safe in topic names, files and URLs. */
public final class Names {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");

  /** Returns the name, or says which rule it breaks; {@code what} is what it names. */
  public static String check(String what, String name) {
    if (!FORM.matcher(name).matches()) {
      throw new IllegalValue(
          ("%s name '%s' is not valid; use 1 to 63 letters, digits, '_' or '-',"
                  + " the first a letter or digit")
              .formatted(what, name));
    }
    return name;
  }

  /** The same rule made to hold: what a host or file name becomes when a replica is named by it. */
  public static String cleaned(String text) {
    String safe = text.replaceAll("[^A-Za-z0-9_-]", "-").replaceFirst("^[_-]+", "");
    if (safe.isEmpty()) {
      return "image";
    }
    return safe.substring(0, Math.min(safe.length(), 63));
  }

  private Names() {}
}
