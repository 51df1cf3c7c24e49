package dev.drover.journal.kafka;

import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;

/**
 * What the configuration passes to Kafka's clients, by kind of client, and everything that is wrong
 * with it. Immutable.
 */
final class ClientSettings {
  /** A kind of client, and which settings Kafka knows for it. */
  enum Kind {
    PRODUCER("producer.", ProducerConfig.configDef()),
    CONSUMER("consumer.", ConsumerConfig.configDef()),
    ADMIN("admin.", AdminClientConfig.configDef());

    private final String scope;
    private final ConfigDef known;

    Kind(String scope, ConfigDef known) {
      this.scope = scope;
      this.known = known;
    }

    String scope() {
      return KAFKA + scope;
    }
  }

  static final String KAFKA = "kafka.";

  // For settings that Kafka does not know: a login module's own, for example.
  private static final Pattern SECRET =
      Pattern.compile(
          "password|secret|jaas|token|credential|(?:^|\\.)key(?:$|\\.(?!store|serial|deserial))");
  private static final Set<String> FILES =
      Set.of("ssl.keystore.location", "ssl.truststore.location");

  private final Map<String, String> all = new TreeMap<>();
  private final Map<Kind, Map<String, String>> kinds = new HashMap<>();

  /** Takes the keys that begin with {@code kafka.}, and no others. */
  ClientSettings(Map<String, String> overrides) {
    for (Kind kind : Kind.values()) {
      kinds.put(kind, new TreeMap<>());
    }
    overrides.forEach(
        (key, value) -> {
          if (key.startsWith(KAFKA)) {
            keep(key.substring(KAFKA.length()), value);
          }
        });
  }

  private void keep(String key, String value) {
    for (Kind kind : Kind.values()) {
      if (key.startsWith(kind.scope)) {
        kinds.get(kind).put(key.substring(kind.scope.length()), value);
        return;
      }
    }
    all.put(key, value);
  }

  /** What a client of this kind gets; what is for its kind wins over what is for all. */
  Map<String, String> of(Kind kind) {
    Map<String, String> merged = new TreeMap<>(all);
    merged.putAll(kinds.get(kind));
    return merged;
  }

  /** Whether a value must not be shown; {@code key} with or without {@code kafka.} in front. */
  static boolean isSecret(String key) {
    String name = key.startsWith(KAFKA) ? key.substring(KAFKA.length()) : key;
    for (Kind kind : Kind.values()) {
      String own = name.startsWith(kind.scope) ? name.substring(kind.scope.length()) : name;
      ConfigDef.ConfigKey known = kind.known.configKeys().get(own);
      if (known != null) {
        return known.type == ConfigDef.Type.PASSWORD;
      }
    }
    String lower = name.toLowerCase(java.util.Locale.ROOT);
    boolean namesSomething = lower.endsWith(".location") || lower.endsWith(".type");
    return !namesSomething && SECRET.matcher(lower).find();
  }

  /** Everything that is wrong, one line each, and never a secret's value. */
  List<String> problems() {
    List<String> found = new ArrayList<>();
    found.addAll(GuardedSettings.refused(KAFKA, all, Set.of()));
    found.addAll(problems(KAFKA, all, List.of(Kind.values())));
    for (Kind kind : Kind.values()) {
      Map<String, String> own = kinds.get(kind);
      // An admin client writes no record and reads none: only where it connects to is not its own.
      Set<String> free = kind == Kind.ADMIN ? Set.of("retries") : Set.of();
      found.addAll(GuardedSettings.refused(kind.scope(), own, free));
      found.addAll(problems(kind.scope(), own, List.of(kind)));
    }
    return found;
  }

  private List<String> problems(String scope, Map<String, String> given, List<Kind> of) {
    List<String> found = new ArrayList<>();
    Map<String, String> followed = new LinkedHashMap<>();
    given.forEach(
        (key, value) -> {
          SecretReferences.Resolved resolved = SecretReferences.resolve(value, foreignProviders());
          resolved.problem().ifPresent(why -> found.add(scope + key + ": " + why));
          misnamed(scope, key, of).ifPresent(found::add);
          if (resolved.problem().isEmpty()) {
            followed.put(key, resolved.value());
            unreadable(scope, key, resolved.value()).ifPresent(found::add);
          }
        });
    Set<String> told = new TreeSet<>();
    for (Kind kind : of) {
      for (ConfigValue value : kind.known.validateAll(followed).values()) {
        boolean ours = followed.containsKey(value.name()) && !value.errorMessages().isEmpty();
        if (ours && told.add(value.name())) {
          found.add(scope + value.name() + ": " + why(value));
        }
      }
    }
    return found;
  }

  /** Kafka repeats the value in what it says. */
  private static String why(ConfigValue value) {
    return isSecret(value.name())
        ? "Kafka does not accept this value"
        : value.errorMessages().getFirst();
  }

  private Set<String> foreignProviders() {
    Set<String> names = new TreeSet<>();
    for (String list : List.of(all.getOrDefault("config.providers", ""))) {
      for (String name : list.split(",")) {
        names.add(name.strip());
      }
    }
    return names;
  }

  /** A name that no client knows may be a plug-in's; one that is nearly Kafka's is a mistake. */
  private static Optional<String> misnamed(String scope, String key, List<Kind> of) {
    if (of.stream().anyMatch(kind -> kind.known.names().contains(key))) {
      return Optional.empty();
    }
    for (Kind kind : Kind.values()) {
      if (kind.known.names().contains(key)) {
        return Optional.of("%s%s: this kind of client has no such setting".formatted(scope, key));
      }
    }
    String first = key.substring(0, key.indexOf('.') + 1);
    for (Kind kind : Kind.values()) {
      if (scope.equals(KAFKA) && Spelling.isSlip(first, kind.scope)) {
        return Optional.of(
            "%s%s: there is no such kind of client; is %s meant?"
                .formatted(scope, key, kind.scope() + key.substring(first.length())));
      }
    }
    return of.stream()
        .flatMap(kind -> Spelling.nearest(key, kind.known.names()).stream())
        .filter(name -> Spelling.isSlip(key, name))
        .findFirst()
        .map(name -> "%s%s: Kafka has no such setting; is %s meant?".formatted(scope, key, name));
  }

  private static Optional<String> unreadable(String scope, String key, String value) {
    return FILES.contains(key) && !new File(value.strip()).canRead()
        ? Optional.of("%s%s: cannot read %s".formatted(scope, key, value.strip()))
        : Optional.empty();
  }
}
