package dev.drover.cli.image;

import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.FormatVersion;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The options of {@code -o}, as qemu-img reads them: {@code key=value,key=value}, a doubled comma
 * for one inside a value; of a key given twice the last one counts.
 */
final class FormatOptions {
  private final Map<String, String> given = new TreeMap<>();

  /**
   * @param lists what the {@code -o}s said
   * @param known the keys that the verb takes
   */
  FormatOptions(List<String> lists, Set<String> known) {
    for (String list : lists) {
      for (String option : list.split("(?<!,),(?!,)")) {
        add(option.replace(",,", ","), known);
      }
    }
  }

  private void add(String option, Set<String> known) {
    int equals = option.indexOf('=');
    String key = equals < 0 ? option : option.substring(0, equals);
    if (equals < 0 || !known.contains(key)) {
      throw new IllegalValue(
          "option '%s' is not offered; known are %s"
              .formatted(option, String.join(", ", new TreeSet<>(known))));
    }
    given.put(key, option.substring(equals + 1));
  }

  boolean has(String key) {
    return given.containsKey(key);
  }

  Set<String> keys() {
    return given.keySet();
  }

  Optional<String> text(String key) {
    return Optional.ofNullable(given.get(key));
  }

  /** A switch, as QEMU spells it. */
  boolean flag(String key, boolean unsaid) {
    return switch (given.get(key)) {
      case null -> unsaid;
      case "on", "yes", "true", "y" -> true;
      case "off", "no", "false", "n" -> false;
      case String other ->
          throw new IllegalValue("%s='%s' is neither on nor off".formatted(key, other));
    };
  }

  int number(String key, int unsaid) {
    String text = given.get(key);
    if (text == null) {
      return unsaid;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalValue("%s='%s' is not a number".formatted(key, text));
    }
  }

  /** One of an enum's constants by its name in lower case. */
  <E extends Enum<E>> E oneOf(String key, Class<E> type, E unsaid) {
    String text = given.get(key);
    if (text == null) {
      return unsaid;
    }
    List<String> names =
        Arrays.stream(type.getEnumConstants())
            .map(each -> each.name().toLowerCase(Locale.ROOT))
            .toList();
    int found = names.indexOf(text);
    if (found < 0) {
      throw new IllegalValue(
          "%s='%s' is not known; give %s".formatted(key, text, String.join(" or ", names)));
    }
    return type.getEnumConstants()[found];
  }

  /** {@code compat}: a version by QEMU's number for it, or as v2 and v3. */
  FormatVersion version(FormatVersion unsaid) {
    return switch (given.get("compat")) {
      case null -> unsaid;
      case "0.10", "v2" -> FormatVersion.V2;
      case "1.1", "v3" -> FormatVersion.V3;
      case String other ->
          throw new IllegalValue("compat='" + other + "' is not known; give 0.10 (v2) or 1.1 (v3)");
    };
  }
}
