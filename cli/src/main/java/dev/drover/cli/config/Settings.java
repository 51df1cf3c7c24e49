package dev.drover.cli.config;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.Span;
import dev.drover.journal.kafka.KafkaSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The effective settings. A flag wins over the environment, the environment over the file, the file
 * over the default. Keys that begin with {@code kafka.} go to the Kafka clients; any other unknown
 * key is an error, so that a typing mistake is not a default. Everything that is wrong is told at
 * once.
 */
public final class Settings {
  static final String KAFKA = "kafka.";
  static final String DROVER = "DROVER_";

  private final Map<String, Setting> settings;

  /**
   * Gathers them from where a call's settings are.
   *
   * @throws CommandFailure exit 2, with everything that is wrong in one line
   */
  public static Settings gather(SettingSources from) {
    List<String> problems = new ArrayList<>();
    Map<String, Setting> settings = from.gather(problems);
    OwnValues.check(settings, problems);
    Settings gathered = new Settings(settings);
    problems.addAll(gathered.kafkaProblems());
    if (!problems.isEmpty()) {
      throw wrong(problems);
    }
    return gathered;
  }

  private static CommandFailure wrong(List<String> problems) {
    String message =
        problems.size() == 1
            ? problems.getFirst()
            : problems.size() + " settings are wrong: " + String.join("; ", problems);
    return CommandFailure.usage("BAD_CONFIGURATION", message, "see 'drover config print --help'");
  }

  /** Kafka's own words name the key; where it was set is the other half of what to do. */
  private List<String> kafkaProblems() {
    return KafkaSettings.problems(kafka()).stream().map(this::withOrigin).toList();
  }

  private String withOrigin(String problem) {
    return settings.values().stream()
        .filter(each -> each.key().startsWith(KAFKA))
        .filter(
            each -> problem.startsWith(each.key() + ":") || problem.startsWith(each.key() + "="))
        .findFirst()
        .map(each -> problem + " (" + each.origin() + ")")
        .orElse(problem);
  }

  /** The brokers; an error that says the three ways to give them when none did. */
  public String bootstrapServers() {
    Setting setting = settings.get(OwnKey.BOOTSTRAP_SERVERS.key());
    if (setting == null) {
      throw CommandFailure.usage(
          "NO_BOOTSTRAP_SERVERS",
          "no Kafka broker is given",
          "add --bootstrap-servers HOST:PORT, set DROVER_BOOTSTRAP_SERVERS, or put"
              + " bootstrap.servers into --config FILE");
    }
    return setting.value();
  }

  public String prefix() {
    return value(OwnKey.PREFIX);
  }

  /** Whether a topic that promises less than it should is refused; otherwise it is a warning. */
  public boolean refusesWeakTopics() {
    return value(OwnKey.DURABILITY).equals("refuse");
  }

  /** How often a running process looks at the settings of its volumes' topics. */
  public Duration topicWatch() {
    return Span.parse(value(OwnKey.TOPIC_WATCH));
  }

  /** The value of a key that has a default. */
  public String value(OwnKey key) {
    return settings.get(key.key()).value();
  }

  /** The value of any key; empty when nobody has set it and there is no default. */
  public Optional<String> valueIfAny(OwnKey key) {
    return Optional.ofNullable(settings.get(key.key())).map(Setting::value);
  }

  /** What goes to the Kafka clients, each key with the {@code kafka.} in front. */
  public Map<String, String> kafka() {
    Map<String, String> overrides = new TreeMap<>();
    for (Setting setting : settings.values()) {
      if (setting.key().startsWith(KAFKA)) {
        overrides.put(setting.key(), setting.value());
      }
    }
    return overrides;
  }

  public List<Setting> all() {
    return new ArrayList<>(settings.values());
  }

  /** How the environment calls a key. */
  static String variable(String key) {
    return DROVER + key.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  private Settings(Map<String, Setting> settings) {
    this.settings = settings;
  }
}
