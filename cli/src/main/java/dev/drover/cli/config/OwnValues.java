package dev.drover.cli.config;

import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.ClusterSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.cli.value.ReadLeases;
import dev.drover.cli.value.Span;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** What the values of Drover's own settings may be. */
final class OwnValues {
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Set<String> DURABILITIES = Set.of("warn", "refuse");
  private static final Set<String> CACHES = Set.of("journal", "writeback");

  private OwnValues() {}

  /** Adds a line for each that cannot be meant. */
  static void check(Map<String, Setting> settings, List<String> problems) {
    for (OwnKey key : OwnKey.values()) {
      Setting setting = settings.get(key.key());
      if (setting == null) {
        continue;
      }
      try {
        check(key, setting.value());
      } catch (IllegalValue e) {
        problems.add("%s: %s (%s)".formatted(key.key(), e.getMessage(), setting.origin()));
      }
    }
  }

  private static void check(OwnKey key, String value) {
    switch (key) {
      case BOOTSTRAP_SERVERS -> {
        for (String server : value.split(",", -1)) {
          checkAddress(server.strip());
        }
      }
      case PREFIX -> {
        if (!PREFIX.matcher(value).matches()) {
          throw new IllegalValue(
              "'"
                  + value
                  + "' is not a prefix; use 1 to 100 letters, digits, '.', '_' or '-', the first a"
                  + " letter or digit");
        }
      }
      case CACHE -> {
        if (!CACHES.contains(value)) {
          throw new IllegalValue("'" + value + "' is neither journal nor writeback");
        }
      }
      case CLUSTER_SIZE -> ClusterSize.parseOfReplica(value);
      case DURABILITY -> {
        if (!DURABILITIES.contains(value)) {
          throw new IllegalValue("'" + value + "' is neither warn nor refuse");
        }
      }
      case JOURNAL_TIMEOUT -> {
        if (Span.parse(value).toMillis() > Integer.MAX_VALUE) {
          throw new IllegalValue("'" + value + "' is more than Kafka counts; give 596h at most");
        }
      }
      case TOPIC_WATCH -> Span.parse(value);
      case READ_LEASE -> ReadLeases.parse(value);
      case OVERLAY_SIZE -> {
        if (ByteSize.parse(value).bytes() == 0) {
          throw new IllegalValue("0 leaves no room for a single write; give 64M or more");
        }
      }
    }
  }

  private static void checkAddress(String server) {
    int colon = server.lastIndexOf(':');
    boolean valid = colon > 0 && server.substring(colon + 1).matches("\\d{1,5}");
    if (!valid || Integer.parseInt(server.substring(colon + 1)) > 65535) {
      throw new IllegalValue("'" + server + "' is not HOST:PORT, for example localhost:9092");
    }
  }
}
