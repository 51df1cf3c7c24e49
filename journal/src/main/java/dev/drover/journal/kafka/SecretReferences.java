package dev.drover.journal.kafka;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.common.config.provider.DirectoryConfigProvider;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.common.config.provider.FileConfigProvider;

/**
 * Values that lie elsewhere: {@code ${file:PATH:KEY}} (a properties file), {@code
 * ${directory:PATH:FILE}} (a whole file) and {@code ${env:VARIABLE}}, by Kafka's own config
 * providers. The clients get the references and resolve them themselves; here they are only tried,
 * so that a missing secret is told before a client logs in with the text of its reference.
 */
final class SecretReferences {
  private static final String PROVIDERS = "config.providers";
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}]*?):(([^}]*?):)?([^}]*?)}");
  private static final Map<String, Class<? extends ConfigProvider>> CLASSES =
      Map.of(
          "file", FileConfigProvider.class,
          "directory", DirectoryConfigProvider.class,
          "env", EnvVarConfigProvider.class);

  private SecretReferences() {}

  /** Adds what makes a client know the providers, beside those that the settings name. */
  static void addProviders(Map<String, Object> settings) {
    List<String> names = new ArrayList<>(CLASSES.keySet().stream().sorted().toList());
    String more = String.valueOf(settings.getOrDefault(PROVIDERS, ""));
    List.of(more.split(",")).stream()
        .map(String::strip)
        .filter(name -> !name.isEmpty() && !names.contains(name))
        .forEach(names::add);
    settings.put(PROVIDERS, String.join(",", names));
    CLASSES.forEach(
        (name, type) -> settings.putIfAbsent(PROVIDERS + "." + name + ".class", type.getName()));
  }

  /** Whether the whole value is one reference, which by itself betrays nothing. */
  static boolean isReference(String value) {
    return REFERENCE.matcher(value.strip()).matches();
  }

  /** The value with its references followed, or, on the other side, why that cannot be. */
  record Resolved(String value, Optional<String> problem) {}

  /**
   * Follows the references of one value.
   *
   * @param foreign names of providers that the settings bring along: theirs are left alone
   */
  static Resolved resolve(String value, Set<String> foreign) {
    Matcher references = REFERENCE.matcher(value);
    while (references.find()) {
      String provider = references.group(1);
      if (foreign.contains(provider)) {
        return new Resolved(value, Optional.empty());
      }
      if (!CLASSES.containsKey(provider)) {
        return failed(value, references.group() + ": there is no provider " + provider);
      }
    }
    Map<String, ConfigProvider> providers = new LinkedHashMap<>();
    try {
      providers.put("file", new FileConfigProvider());
      providers.put("directory", new DirectoryConfigProvider());
      providers.put("env", new EnvVarConfigProvider());
      providers.values().forEach(provider -> provider.configure(Map.of()));
      String found = new ConfigTransformer(providers).transform(Map.of("v", value)).data().get("v");
      Matcher left = REFERENCE.matcher(found == null ? "" : found);
      return left.find() && value.contains(left.group())
          ? failed(value, left.group() + " does not exist")
          : new Resolved(found, Optional.empty());
    } catch (ConfigException e) {
      return failed(value, references(value) + " can't be read");
    }
  }

  /** The references alone: what stands between them may be a secret itself. */
  private static String references(String value) {
    return REFERENCE
        .matcher(value)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.joining(", "));
  }

  private static Resolved failed(String value, String why) {
    return new Resolved(value, Optional.of(why));
  }
}
