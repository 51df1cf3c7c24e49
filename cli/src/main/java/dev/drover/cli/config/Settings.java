package dev.drover.cli.config;

import dev.drover.cli.terminal.CommandFailure;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The effective settings. A flag wins over the environment, the environment over {@code --config
 * FILE}, the file over the default. Keys of the file that begin with {@code kafka.} go to the Kafka
 * clients without that prefix; any other unknown key is an error, so that a typing mistake is not a
 * default.
 */
public final class Settings {
  public static final String BOOTSTRAP_SERVERS = "bootstrap.servers";
  public static final String PREFIX = "prefix";
  private static final String KAFKA = "kafka.";
  private static final String DEFAULT_PREFIX = "drover";

  private final Map<String, Setting> settings = new LinkedHashMap<>();

  /**
   * Gathers them; {@code flags} holds those of the two keys that were given on the command line.
   *
   * @param file null for none
   */
  public static Settings gather(
      Map<String, String> flags, Map<String, String> environment, Path file) {
    Properties stored = file == null ? new Properties() : read(file);
    String fileOrigin = "file " + file;
    Settings gathered = new Settings();
    for (String key : List.of(BOOTSTRAP_SERVERS, PREFIX)) {
      String variable = "DROVER_" + key.toUpperCase(java.util.Locale.ROOT).replace('.', '_');
      if (flags.get(key) != null) {
        gathered.put(key, flags.get(key), "flag --" + key.replace('.', '-'));
      } else if (environment.get(variable) != null && !environment.get(variable).isBlank()) {
        gathered.put(key, environment.get(variable).strip(), "environment " + variable);
      } else if (stored.getProperty(key) != null) {
        gathered.put(key, stored.getProperty(key).strip(), fileOrigin);
      }
    }
    gathered.settings.computeIfAbsent(PREFIX, key -> new Setting(key, DEFAULT_PREFIX, "default"));
    for (String key : new TreeSet<>(stored.stringPropertyNames())) {
      if (key.startsWith(KAFKA)) {
        gathered.put(key, stored.getProperty(key), fileOrigin);
      } else if (!key.equals(BOOTSTRAP_SERVERS) && !key.equals(PREFIX)) {
        throw CommandFailure.usage(
            "UNKNOWN_SETTING",
            "unknown setting '%s' in %s".formatted(key, file),
            "known are bootstrap.servers, prefix and kafka.* (passed to the Kafka clients)");
      }
    }
    gathered.check();
    return gathered;
  }

  /** The brokers; an error that says the three ways to give them when none did. */
  public String bootstrapServers() {
    Setting setting = settings.get(BOOTSTRAP_SERVERS);
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
    return settings.get(PREFIX).value();
  }

  public boolean hasBootstrapServers() {
    return settings.containsKey(BOOTSTRAP_SERVERS);
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

  private void put(String key, String value, String origin) {
    settings.put(key, new Setting(key, value, origin));
  }

  private void check() {
    Setting servers = settings.get(BOOTSTRAP_SERVERS);
    if (servers != null) {
      for (String server : servers.value().split(",", -1)) {
        checkAddress(servers, server.strip());
      }
    }
  }

  private static void checkAddress(Setting setting, String server) {
    int colon = server.lastIndexOf(':');
    boolean valid = colon > 0 && server.substring(colon + 1).matches("\\d{1,5}");
    if (!valid || Integer.parseInt(server.substring(colon + 1)) > 65535) {
      throw CommandFailure.usage(
          "ILLEGAL_ADDRESS",
          "'%s' (%s) is not HOST:PORT".formatted(server, setting.origin()),
          "give, for example, --bootstrap-servers localhost:9092");
    }
  }

  private static Properties read(Path file) {
    Properties stored = new Properties();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      stored.load(reader);
    } catch (NoSuchFileException e) {
      throw CommandFailure.usage(
          "NO_CONFIGURATION", "configuration file %s does not exist".formatted(file), "");
    } catch (IOException | IllegalArgumentException e) {
      throw CommandFailure.usage(
          "BAD_CONFIGURATION",
          "configuration file %s cannot be read: %s".formatted(file, e.getMessage()),
          "it holds lines of the form key=value");
    }
    return stored;
  }

  private Settings() {}
}
