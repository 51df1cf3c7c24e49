package dev.drover.cli.config;

import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.Spelling;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where one call's settings come from, in rising precedence: the file, the environment, {@code
 * --set}, and the flags that have names of their own.
 *
 * @param flags by key, those with names of their own
 * @param sets {@code KEY=VALUE}, in the order given: the last one counts
 * @param environment of the process
 * @param file that {@code --config} names; empty: the one that {@code DROVER_CONFIG} names, if any
 */
public record SettingSources(
    Map<String, String> flags,
    List<String> sets,
    Map<String, String> environment,
    Optional<Path> file) {

  private static final String CONFIG = "DROVER_CONFIG";
  private static final String KAFKA_VARIABLE = "DROVER_KAFKA_";

  public SettingSources {
    flags = Map.copyOf(flags);
    sets = List.copyOf(sets);
    environment = Map.copyOf(environment);
  }

  /**
   * The effective settings, unchecked; adds a line to {@code problems} for each key that is none.
   */
  Map<String, Setting> gather(List<String> problems) {
    Map<String, Setting> kafka = new TreeMap<>();
    Map<String, Setting> own = new LinkedHashMap<>();
    for (OwnKey key : OwnKey.values()) {
      key.standard().ifPresent(value -> put(own, key.key(), value, "default"));
    }
    Map<String, Setting> all = new LinkedHashMap<>();
    Stream.of(fromFile(problems), fromEnvironment(problems), fromSets(problems), fromFlags())
        .forEach(all::putAll);
    all.forEach((key, setting) -> (key.startsWith(Settings.KAFKA) ? kafka : own).put(key, setting));
    Map<String, Setting> gathered = new LinkedHashMap<>();
    for (OwnKey key : OwnKey.values()) {
      Optional.ofNullable(own.get(key.key())).ifPresent(each -> gathered.put(key.key(), each));
    }
    gathered.putAll(kafka);
    return gathered;
  }

  private Map<String, Setting> fromFile(List<String> problems) {
    Map<String, Setting> found = new TreeMap<>();
    Optional<Path> named =
        file.or(() -> Optional.ofNullable(environment.get(CONFIG)).map(Path::of));
    if (named.isEmpty()) {
      return found;
    }
    Path path = named.get();
    Properties stored = read(path, problems);
    for (String key : stored.stringPropertyNames()) {
      if (isKnown(key)) {
        put(found, key, stored.getProperty(key), "file " + path);
      } else {
        problems.add(unknown(key, path.toString()));
      }
    }
    return found;
  }

  private static Properties read(Path path, List<String> problems) {
    Properties stored = new Properties();
    try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
      stored.load(reader);
    } catch (NoSuchFileException e) {
      problems.add("configuration file %s does not exist".formatted(path));
    } catch (IOException | IllegalArgumentException e) {
      problems.add(
          "configuration file %s cannot be read: %s; it holds lines of the form key=value"
              .formatted(path, e.getMessage()));
    }
    return stored;
  }

  /**
   * Other things than settings are called DROVER_SOMETHING too, and not all of them by us (a
   * cluster manager names a service's address so): only what is nearly one of ours is a mistake.
   */
  private Map<String, Setting> fromEnvironment(List<String> problems) {
    Map<String, Setting> found = new TreeMap<>();
    Map<String, String> variables =
        Stream.of(OwnKey.values()).collect(Collectors.toMap(OwnKey::variable, OwnKey::key));
    for (String variable : new TreeSet<>(environment.keySet())) {
      String value = environment.get(variable);
      if (!variable.startsWith(Settings.DROVER) || value.isBlank()) {
        continue;
      }
      String key =
          variable.startsWith(KAFKA_VARIABLE)
              ? Settings.KAFKA + dotted(variable.substring(KAFKA_VARIABLE.length()))
              : variables.get(variable);
      if (key != null) {
        put(found, key, value, "environment " + variable);
      } else {
        Set<String> names = new TreeSet<>(variables.keySet());
        names.add(CONFIG);
        Spelling.nearest(variable, names)
            .filter(name -> Spelling.isSlip(variable, name))
            .ifPresent(
                name ->
                    problems.add(
                        "unknown setting %s in the environment; is %s meant?"
                            .formatted(variable, name)));
      }
    }
    return found;
  }

  private static String dotted(String variable) {
    return variable.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  private Map<String, Setting> fromSets(List<String> problems) {
    Map<String, Setting> found = new TreeMap<>();
    for (String pair : sets) {
      int equals = pair.indexOf('=');
      String key = equals < 0 ? pair.strip() : pair.substring(0, equals).strip();
      if (equals < 0) {
        problems.add("--set '" + key + "' is not KEY=VALUE");
      } else if (key.isEmpty()) {
        problems.add("--set '=...' is not KEY=VALUE: there is no key"); // may be a secret's value
      } else if (!isKnown(key)) {
        problems.add(unknown(key, "--set"));
      } else {
        put(found, key, pair.substring(equals + 1), "flag --set");
        if (found.get(key).isSecret()) {
          problems.add(
              "--set %s: a secret on a command line is there for every user to see; put it into a"
                      .formatted(key)
                  + " file and give ${file:PATH:KEY}");
        }
      }
    }
    return found;
  }

  private Map<String, Setting> fromFlags() {
    Map<String, Setting> found = new TreeMap<>();
    flags.forEach(
        (key, value) -> put(found, key, value, "flag " + OwnKey.of(key).orElseThrow().flag()));
    return found;
  }

  private static boolean isKnown(String key) {
    return OwnKey.of(key).isPresent()
        || key.startsWith(Settings.KAFKA) && key.length() > Settings.KAFKA.length();
  }

  private static String unknown(String key, String where) {
    String meant =
        Spelling.nearest(key, OwnKey.keys())
            .map(name -> "is " + name + " meant?")
            .orElse(
                "known are "
                    + String.join(", ", OwnKey.keys())
                    + " and kafka.* (passed to the Kafka clients)");
    return "unknown setting '%s' in %s; %s".formatted(key, where, meant);
  }

  private static void put(Map<String, Setting> into, String key, String value, String origin) {
    // A password may begin or end with a blank; nothing else is meant to.
    String kept = KafkaSettings.isSecret(key) ? value : value.strip();
    into.put(key, new Setting(key, kept, origin));
  }
}
