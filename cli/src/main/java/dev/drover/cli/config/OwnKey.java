package dev.drover.cli.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The settings that are Drover's own. Each has a key for the file, a variable and a flag. */
public enum OwnKey {
  BOOTSTRAP_SERVERS("bootstrap.servers", null),
  PREFIX("prefix", "drover"),
  CACHE("cache", "journal"),
  CLUSTER_SIZE("cluster.size", "64K"),
  DURABILITY("durability", "warn"),
  JOURNAL_TIMEOUT("journal.timeout", "120s"),
  READ_LEASE("read.lease", "6s"),
  /** Without it, what the process's memory allows. */
  OVERLAY_SIZE("overlay.size", null),
  TOPIC_WATCH("topic.watch", "30s");

  private final String key;
  private final String standard;

  OwnKey(String key, String standard) {
    this.key = key;
    this.standard = standard;
  }

  /** As it stands in the file. */
  public String key() {
    return key;
  }

  /** The environment's name for it. */
  public String variable() {
    return Settings.variable(key);
  }

  /** The flag that sets it. */
  public String flag() {
    return "--" + key.replace('.', '-');
  }

  /** What holds when nobody sets it; empty: nothing does. */
  public Optional<String> standard() {
    return Optional.ofNullable(standard);
  }

  static Optional<OwnKey> of(String key) {
    return Arrays.stream(values()).filter(each -> each.key.equals(key)).findFirst();
  }

  static List<String> keys() {
    return Arrays.stream(values()).map(OwnKey::key).toList();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
