package dev.drover.cli.session;

import dev.drover.applier.ImageFiles;
import dev.drover.cli.config.OwnKey;
import dev.drover.cli.config.SettingSources;
import dev.drover.cli.config.Settings;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** What every verb of one call shares: the streams, the settings, the signals. */
public final class Session {
  private final Console console;
  private final Map<String, String> environment;
  private final Supplier<StopSignals> signals;
  private final ImageFiles files;
  private final Map<String, String> flags = new HashMap<>();
  private final List<String> sets = new ArrayList<>();
  private Path configuration;
  private Settings settings;

  /** One call on this host's own files. */
  public Session(Console console, Map<String, String> environment, Supplier<StopSignals> signals) {
    this(console, environment, signals, Session::hostFile);
  }

  /** One call whose replicas open their images through {@code files}. */
  public Session(
      Console console,
      Map<String, String> environment,
      Supplier<StopSignals> signals,
      ImageFiles files) {
    this.files = files;
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

  /** How replicas open their images. */
  public ImageFiles files() {
    return files;
  }

  /** A file of this host, locked as QEMU understands it. */
  public static BlockFile hostFile(Path path, boolean create) throws IOException {
    return create ? HostFile.createNew(path) : HostFile.openForWriting(path);
  }

  /** The effective settings, gathered when all flags are known. */
  public Settings settings() {
    if (settings == null) {
      settings =
          Settings.gather(
              new SettingSources(flags, sets, environment, Optional.ofNullable(configuration)));
    }
    return settings;
  }

  /** The journal's side of the world; nothing is connected yet. */
  public Cluster cluster() throws JournalException {
    return Cluster.of(settings());
  }

  /** A setting given as a flag of its own. */
  public void flag(OwnKey key, String value) {
    flags.put(key.key(), value);
    settings = null;
  }

  /** A setting given as {@code --set KEY=VALUE}. */
  public void set(String keyAndValue) {
    sets.remove(keyAndValue); // a command line names all it has so far each time
    sets.add(keyAndValue);
    settings = null;
  }

  /**
   * What a flag of a verb says or, where it was not given, what the other sources do.
   *
   * @param flag null when it was not given
   */
  public String setting(OwnKey key, String flag) {
    return settingIfAny(key, flag).orElseThrow();
  }

  /** The same for a key without a default. */
  public Optional<String> settingIfAny(OwnKey key, String flag) {
    if (flag != null) {
      flag(key, flag);
    }
    return settings().valueIfAny(key);
  }

  /** The file that {@code --config} names. */
  public void configuration(Path file) {
    configuration = file;
  }
}
