package dev.drover.cli.command;

import dev.drover.cli.config.Settings;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** What every verb of one call shares: the streams, the settings, the signals. */
public final class Session {
  private final Console console;
  private final Map<String, String> environment;
  private final Supplier<StopSignals> signals;
  private final Map<String, String> flags = new HashMap<>();
  private Path configuration;
  private Settings settings;

  public Session(Console console, Map<String, String> environment, Supplier<StopSignals> signals) {
    this.console = console;
    this.environment = Map.copyOf(environment);
    this.signals = signals;
  }

  public Console console() {
    return console;
  }

  /** Takes SIGTERM and SIGINT over; only verbs that have something to put in order ask for it. */
  public StopSignals stopSignals() {
    return signals.get();
  }

  /** The effective settings, gathered at the first call, when all flags are known. */
  public Settings settings() {
    if (settings == null) {
      settings = Settings.gather(flags, environment, configuration);
    }
    return settings;
  }

  /** The journal's side of the world; nothing is connected yet. */
  Cluster cluster() throws JournalException {
    return Cluster.of(settings());
  }

  void flag(String key, String value) {
    flags.put(key, value);
  }

  void configuration(Path file) {
    configuration = file;
  }
}
