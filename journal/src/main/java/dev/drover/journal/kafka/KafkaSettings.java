package dev.drover.journal.kafka;

import dev.drover.journal.Chunker;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.MetadataRecoveryStrategy;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
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

  private static final Duration WRITER_REQUEST = Duration.ofSeconds(15);
  private static final long WRITER_BUFFER_BYTES = 64L << 20;

  // A request that is not answered within this is sent again; REACHABLE leaves room for a retry.
  private static final Duration REQUEST = Duration.ofSeconds(5);

  private static final String API_TIMEOUT = AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG;

  private final String bootstrapServers;
  private final VolumeTopics topics;
  private final Duration journalTimeout;
  private final ClientSettings clients;

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
    this.clients = new ClientSettings(overrides);
    List<String> problems = clients.problems();
    if (!problems.isEmpty()) {
      throw new JournalException(Code.USAGE, String.join("; ", problems))
          .withHint("remove or correct these settings");
    }
  }

  private KafkaSettings(KafkaSettings other, Duration journalTimeout) {
    this.bootstrapServers = other.bootstrapServers;
    this.topics = other.topics;
    this.journalTimeout = journalTimeout;
    this.clients = other.clients;
  }

  /**
   * Everything that is wrong with these overrides, one line each: what the constructor would throw.
   */
  public static List<String> problems(Map<String, String> overrides) {
    return new ClientSettings(overrides).problems();
  }

  /** Whether the value of this key opens a door; with {@code kafka.} in front or without. */
  public static boolean isSecret(String key) {
    return ClientSettings.isSecret(key);
  }

  /** Whether the value only says where another one lies: {@code ${file:PATH:KEY}} and such. */
  public static boolean isReference(String value) {
    return SecretReferences.isReference(value);
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
    return producer(patience, Map.of());
  }

  private Map<String, Object> producer(Duration patience, Map<String, Object> defaults) {
    Map<String, Object> map = new HashMap<>();
    map.put(ProducerConfig.LINGER_MS_CONFIG, "0");
    map.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(min(patience, REQUEST)));
    map.putAll(defaults);
    overlay(map, ClientSettings.Kind.PRODUCER);
    map.put(ProducerConfig.ACKS_CONFIG, "all");
    map.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
    map.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, millis(patience));
    map.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, millis(patience));
    map.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, requestWithin(patience, map));
    map.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    map.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return map;
  }

  /** Kafka makes no producer whose linger and one request take longer than a delivery may. */
  private static String requestWithin(Duration patience, Map<String, Object> map) {
    long linger = number(map.get(ProducerConfig.LINGER_MS_CONFIG), 0);
    long request = number(map.get(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG), Long.MAX_VALUE);
    return Long.toString(Math.max(1, Math.min(request, patience.toMillis() - linger)));
  }

  /** What a client will read there; where only the client can follow a reference, a guess. */
  private static long number(Object value, long otherwise) {
    String text = SecretReferences.resolve(value.toString(), Set.of()).value().strip();
    return text.matches("\\d{1,10}") ? Long.parseLong(text) : otherwise;
  }

  /** Settings of the journal's writer: a large record at a time, for as long as it may take. */
  Map<String, Object> writer() {
    Map<String, Object> defaults =
        Map.of(
            ProducerConfig.BATCH_SIZE_CONFIG,
            Integer.toString(Chunker.MAX_DATA_BYTES),
            ProducerConfig.BUFFER_MEMORY_CONFIG,
            Long.toString(WRITER_BUFFER_BYTES),
            // A bootstrap during an outage forgets the topic, and then appends wait for it. This
            // producer lives until its first failure, and the next one finds new addresses.
            CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG,
            MetadataRecoveryStrategy.NONE.name,
            ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
            millis(min(journalTimeout, WRITER_REQUEST)));
    Map<String, Object> map = producer(journalTimeout, defaults);
    map.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Integer.toString(2 * Chunker.MAX_DATA_BYTES));
    return map;
  }

  /** Settings of a consumer that is assigned its partitions and seeks by itself. */
  public Map<String, Object> consumer() {
    Map<String, Object> map = new HashMap<>();
    map.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis(REACHABLE));
    map.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(REACHABLE));
    overlay(map, ClientSettings.Kind.CONSUMER);
    map.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    map.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    map.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    map.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    map.put(ConsumerConfig.CHECK_CRCS_CONFIG, "true");
    map.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    map.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return map;
  }

  /**
   * A client's failure in Drover's words, for clients outside this package.
   *
   * @param doing what was attempted, as the end of "could not …"
   * @param patience when the client gives up
   */
  public JournalException failure(String doing, KafkaException failure, Duration patience) {
    return KafkaFaults.translate(this, doing, failure, patience);
  }

  /** Settings of an admin client. */
  public Map<String, Object> admin() {
    Map<String, Object> map = new HashMap<>();
    map.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(REQUEST));
    overlay(map, ClientSettings.Kind.ADMIN);
    if (!clients.of(ClientSettings.Kind.ADMIN).containsKey(API_TIMEOUT)) {
      // Kafka makes no admin client whose calls may take less time than one request.
      long request = number(map.get(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG), 0);
      map.put(API_TIMEOUT, Long.toString(Math.max(request, REACHABLE.toMillis())));
    }
    return map;
  }

  /**
   * A setting that Drover gives to a kind of client by itself.
   *
   * @param key with {@code kafka.} and the kind in front
   * @param why the promise that rests on it; empty when the configuration may change it
   */
  public record OwnSetting(String key, String value, Optional<String> why) {}

  /** What Drover sets beside what the configuration passes, by key. */
  public List<OwnSetting> own() {
    List<OwnSetting> own = new ArrayList<>();
    own.addAll(own(ClientSettings.Kind.ADMIN, admin()));
    own.addAll(own(ClientSettings.Kind.CONSUMER, consumer()));
    own.addAll(own(ClientSettings.Kind.PRODUCER, writer()));
    return own;
  }

  private List<OwnSetting> own(ClientSettings.Kind kind, Map<String, Object> settings) {
    Map<String, String> given = clients.of(kind);
    return new TreeMap<>(settings)
        .entrySet().stream()
            .filter(each -> !each.getKey().equals(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG))
            .filter(each -> !each.getValue().equals(given.get(each.getKey())))
            .map(
                each ->
                    new OwnSetting(
                        kind.scope() + each.getKey(),
                        text(each.getValue()),
                        GuardedSettings.why(each.getKey())))
            .toList();
  }

  private static String text(Object value) {
    return value instanceof Class<?> type ? type.getName() : value.toString();
  }

  private void overlay(Map<String, Object> map, ClientSettings.Kind kind) {
    map.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, "false");
    map.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, "1000");
    map.putAll(clients.of(kind));
    SecretReferences.addProviders(map);
    map.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
  }

  private static String millis(Duration duration) {
    return Long.toString(duration.toMillis());
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
