package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * How to reach Kafka: the brokers, the prefix, and what the configuration passes to the clients
 * ({@code kafka.*} to all of them, {@code kafka.producer.*}, {@code kafka.consumer.*} and {@code
 * kafka.admin.*} to one kind, which wins). What Drover's promises rest on can't be passed: such an
 * override is refused by name rather than ignored. Immutable; makes no connection by itself.
 */
public final class KafkaSettings {
  /** How long a broker may take to answer before it counts as unreachable. */
  public static final Duration REACHABLE = Duration.ofSeconds(10);

  /** How long the writer's producer retries by default before the journal counts as lost. */
  public static final Duration DEFAULT_JOURNAL_TIMEOUT = Duration.ofSeconds(120);

  // A request that is not answered within this is sent again; REACHABLE leaves room for a retry.
  private static final Duration REQUEST = Duration.ofSeconds(5);

  private final String bootstrapServers;
  private final VolumeTopics topics;
  private final Duration journalTimeout;
  private final Map<String, String> all = new TreeMap<>();
  private final Map<String, String> producer = new TreeMap<>();
  private final Map<String, String> consumer = new TreeMap<>();
  private final Map<String, String> admin = new TreeMap<>();

  /**
   * Checks and keeps the settings.
   *
   * @param bootstrapServers host:port, comma-separated
   * @param prefix what every topic name begins with
   * @param overrides keys beginning with {@code kafka.}; other keys are ignored here
   * @throws JournalException USAGE, naming the prefix or every override that can't be
   */
  public KafkaSettings(String bootstrapServers, String prefix, Map<String, String> overrides)
      throws JournalException {
    this.bootstrapServers = Objects.requireNonNull(bootstrapServers, "bootstrapServers");
    try {
      this.topics = new VolumeTopics(prefix);
    } catch (IllegalArgumentException e) {
      throw new JournalException(Code.USAGE, e.getMessage());
    }
    this.journalTimeout = DEFAULT_JOURNAL_TIMEOUT;
    overrides.forEach(this::keep);
    List<String> refused = new ArrayList<>();
    refused.addAll(GuardedSettings.refused("kafka.", all));
    refused.addAll(GuardedSettings.refused("kafka.producer.", producer));
    refused.addAll(GuardedSettings.refused("kafka.consumer.", consumer));
    // An admin client writes no record and reads none: only where it connects to is not its own.
    String servers = admin.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG);
    if (servers != null) {
      refused.addAll(
          GuardedSettings.refused(
              "kafka.admin.", Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, servers)));
    }
    if (!refused.isEmpty()) {
      throw new JournalException(Code.USAGE, String.join("; ", refused))
          .withHint("remove these settings");
    }
  }

  private KafkaSettings(KafkaSettings other, Duration journalTimeout) {
    this.bootstrapServers = other.bootstrapServers;
    this.topics = other.topics;
    this.journalTimeout = journalTimeout;
    this.all.putAll(other.all);
    this.producer.putAll(other.producer);
    this.consumer.putAll(other.consumer);
    this.admin.putAll(other.admin);
  }

  private void keep(String key, String value) {
    if (!key.startsWith("kafka.")) {
      return;
    }
    String rest = key.substring("kafka.".length());
    for (var kind :
        Map.of("producer.", producer, "consumer.", consumer, "admin.", admin).entrySet()) {
      if (rest.startsWith(kind.getKey())) {
        kind.getValue().put(rest.substring(kind.getKey().length()), value);
        return;
      }
    }
    all.put(rest, value);
  }

  /** The address, as given. */
  public String bootstrapServers() {
    return bootstrapServers;
  }

  /** The prefix, as given. */
  public String prefix() {
    return topics.prefix();
  }

  /** The names that follow from the prefix. */
  public VolumeTopics topics() {
    return topics;
  }

  /** How long the writer's producer retries. */
  public Duration journalTimeout() {
    return journalTimeout;
  }

  /** The same settings with another {@link #journalTimeout()}. */
  public KafkaSettings withJournalTimeout(Duration timeout) {
    return new KafkaSettings(this, timeout);
  }

  /**
   * Settings of a producer of small records (registry, control, compensations): acknowledged by
   * every in-sync replica, idempotent, gives up after {@code patience}.
   */
  public Map<String, Object> producer(Duration patience) {
    Map<String, Object> map = new HashMap<>();
    map.put(ProducerConfig.LINGER_MS_CONFIG, "0");
    map.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(min(patience, REQUEST)));
    overlay(map, producer);
    map.put(ProducerConfig.ACKS_CONFIG, "all");
    map.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
    map.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, millis(patience));
    map.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, millis(patience));
    map.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    map.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return map;
  }

  /** Settings of a consumer that is assigned its partitions and seeks by itself. */
  public Map<String, Object> consumer() {
    Map<String, Object> map = new HashMap<>();
    map.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis(REACHABLE));
    map.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(REACHABLE));
    overlay(map, consumer);
    map.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    map.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    map.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    map.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    map.put(ConsumerConfig.CHECK_CRCS_CONFIG, "true");
    map.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    map.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return map;
  }

  /** Settings of an admin client. */
  public Map<String, Object> admin() {
    Map<String, Object> map = new HashMap<>();
    map.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis(REACHABLE));
    map.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(REQUEST));
    overlay(map, admin);
    return map;
  }

  private void overlay(Map<String, Object> map, Map<String, String> kind) {
    map.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, "false");
    map.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, "1000");
    map.putAll(all);
    map.putAll(kind);
    map.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
  }

  private static String millis(Duration duration) {
    return Long.toString(duration.toMillis());
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
