package dev.drover.cli.config;

import dev.drover.journal.kafka.KafkaSettings;

/** One effective setting and where it came from. */
public record Setting(String key, String value, String origin) {
  private static final String MASK = "********";

  /** Values that open doors are never shown; where such a value lies may be. */
  public boolean isSecret() {
    return KafkaSettings.isSecret(key) && !KafkaSettings.isReference(value);
  }

  public String shown() {
    return isSecret() ? MASK : value;
  }

  @Override
  public String toString() {
    return "%s=%s  (%s)".formatted(key, shown(), origin);
  }
}
