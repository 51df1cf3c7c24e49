package dev.drover.cli.session;

import dev.drover.cli.config.Settings;
import dev.drover.journal.JournalException;
import dev.drover.journal.Registry;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import java.time.Clock;
import java.time.Duration;

/** The Kafka cluster that the settings name, as the verbs use it. */
public final class Cluster implements AutoCloseable {
  private static final Duration GOODBYE = Duration.ofSeconds(3);

  private final KafkaSettings settings;
  private final Registry registry;
  private final KafkaVolumes volumes;
  private final Clock clock;

  private Cluster(KafkaSettings settings, Clock clock) throws JournalException {
    this.settings = settings;
    this.clock = clock;
    this.registry = new KafkaRegistry(settings);
    this.volumes = new KafkaVolumes(settings, registry, clock);
  }

  public static Cluster of(Settings settings) throws JournalException {
    return new Cluster(kafka(settings), Clock.systemUTC());
  }

  /** The clients' settings; refuses by name what would break a promise. */
  public static KafkaSettings kafka(Settings settings) throws JournalException {
    return new KafkaSettings(settings.bootstrapServers(), settings.prefix(), settings.kafka());
  }

  public KafkaSettings settings() {
    return settings;
  }

  public Registry registry() {
    return registry;
  }

  public KafkaVolumes volumes() {
    return volumes;
  }

  public Clock clock() {
    return clock;
  }

  /** Says goodbye, but not for long: a broker that is away must not hold up a process that ends. */
  @Override
  public void close() {
    Thread goodbye = Thread.ofPlatform().daemon().name("goodbye").start(this::sayGoodbye);
    try {
      goodbye.join(GOODBYE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sayGoodbye() {
    volumes.close();
    registry.close();
  }
}
