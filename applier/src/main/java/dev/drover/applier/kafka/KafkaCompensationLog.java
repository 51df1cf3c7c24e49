package dev.drover.applier.kafka;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ApplierException.Code;
import dev.drover.applier.Compensation;
import dev.drover.applier.CompensationLog;
import dev.drover.journal.JournalException;
import dev.drover.journal.kafka.KafkaSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * A replica's compensations on the volume's compacted topic, and its group offset, in transactions
 * of {@code <prefix>.<volume>.<replica>}: opening it fences an older process of the same identity.
 *
 * <p>Each transaction also removes what nobody will look for any more: {@link
 * CompensationRetention}.
 *
 * <p>After any failure the outcome of a transaction is unknown. The producer is thrown away then:
 * the next one's initTransactions ends the old transaction either way, and the caller repeats the
 * call, which overwrites its own keys.
 */
public final class KafkaCompensationLog implements CompensationLog {

  // Stopping may take 30 s in all and makes up to three calls.
  private static final Duration PATIENCE = Duration.ofSeconds(8);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final String TRANSACTION_TIMEOUT_MS = "60000";

  private final KafkaSettings settings;
  private final TopicPartition topic;
  private final TopicPartition intents;
  private final String identity;
  private final String replica;
  private final boolean commits;
  private final Map<String, Integer> writtenParts = new LinkedHashMap<>();
  private final CompensationRetention retention;
  private KafkaProducer<byte[], byte[]> producer;
  private ConsumerGroupMetadata group;
  private KafkaException fencedBy;

  private KafkaCompensationLog(
      KafkaSettings settings,
      String volume,
      String replica,
      UUID incarnation,
      String identity,
      boolean commits) {
    this.settings = settings;
    this.topic = new TopicPartition(settings.topics().compensations(volume), 0);
    this.intents = new TopicPartition(settings.topics().intents(volume), 0);
    this.identity = identity;
    this.replica = replica;
    this.commits = commits;
    this.retention = new CompensationRetention(replica, incarnation);
  }

  /** For replicas of this volume: each commits its group offset. */
  public static CompensationLog.Opener following(KafkaSettings settings, String volume) {
    return (replica, incarnation) -> {
      String identity = settings.topics().replica(volume, replica);
      return connected(
          new KafkaCompensationLog(settings, volume, replica, incarnation, identity, true));
    };
  }

  /**
   * For replays: compensations only, no group; and an identity of the image's own, so that a replay
   * never fences a replica that happens to have its name.
   */
  public static CompensationLog.Opener replaying(KafkaSettings settings, String volume) {
    return (replica, incarnation) -> {
      String identity = settings.topics().replica(volume, replica) + ".replay." + incarnation;
      return connected(
          new KafkaCompensationLog(settings, volume, replica, incarnation, identity, false));
    };
  }

  private static CompensationLog connected(KafkaCompensationLog log) throws ApplierException {
    log.run("open", () -> log.producer());
    return log;
  }

  /** All compensations of a volume, of all replicas, oldest first: {@code drover compensations}. */
  public static List<Compensation> readAll(KafkaSettings settings, String volume)
      throws ApplierException {
    TopicPartition topic = new TopicPartition(settings.topics().compensations(volume), 0);
    try {
      return read(settings, topic).all();
    } catch (KafkaException e) {
      throw translate(settings, topic.topic(), "read", e, KafkaSettings.REACHABLE);
    }
  }

  /** Removes all compensations of a replica that is no more. Killed, the same call completes it. */
  public static void forget(KafkaSettings settings, String volume, String replica)
      throws ApplierException {
    TopicPartition topic = new TopicPartition(settings.topics().compensations(volume), 0);
    try {
      List<byte[]> keys = read(settings, topic).keysOf(replica);
      if (!keys.isEmpty()) {
        remove(settings, topic, keys);
      }
    } catch (KafkaException e) {
      throw translate(settings, topic.topic(), "forget compensations of", e, PATIENCE);
    }
  }

  private static void remove(KafkaSettings settings, TopicPartition topic, List<byte[]> keys) {
    AtomicReference<Exception> failure = new AtomicReference<>();
    try (var producer = new KafkaProducer<byte[], byte[]>(settings.producer(PATIENCE))) {
      for (byte[] key : keys) {
        producer.send(
            new ProducerRecord<>(topic.topic(), topic.partition(), key, null),
            (_, e) -> failure.compareAndSet(null, e));
      }
      producer.flush();
    }
    if (failure.get() != null) {
      throw failure.get() instanceof KafkaException e ? e : new KafkaException(failure.get());
    }
  }

  /** The offset that lag tools see for a replica; empty when it has never set one. */
  public static OptionalLong groupOffset(KafkaSettings settings, String volume, String replica)
      throws ApplierException {
    return committed(
        settings,
        new TopicPartition(settings.topics().intents(volume), 0),
        settings.topics().replica(volume, replica));
  }

  private static OptionalLong committed(
      KafkaSettings settings, TopicPartition intents, String group) throws ApplierException {
    Map<String, Object> config = settings.consumer();
    config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config);
    try {
      OffsetAndMetadata committed = consumer.committed(Set.of(intents)).get(intents);
      return committed == null ? OptionalLong.empty() : OptionalLong.of(committed.offset());
    } catch (KafkaException e) {
      throw translate(
          settings, intents.topic(), "ask for the group offset of", e, KafkaSettings.REACHABLE);
    } finally {
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    }
  }

  @Override
  public OptionalLong committed() throws ApplierException {
    return commits ? committed(settings, intents, identity) : OptionalLong.empty();
  }

  @Override
  public List<Compensation> open() throws ApplierException {
    try {
      CompensationTopic all = read(settings, topic);
      List<Compensation> own =
          all.all().stream()
              .filter(c -> c.replica().equals(replica) && c.state() == Compensation.State.OPEN)
              .toList();
      own.forEach(c -> writtenParts.put(c.id(), all.partsOf(c.id())));
      retention.found(all.all()).forEach(id -> writtenParts.put(id, all.partsOf(id)));
      return own;
    } catch (KafkaException e) {
      throw translate(settings, topic.topic(), "read", e, KafkaSettings.REACHABLE);
    }
  }

  private static CompensationTopic read(KafkaSettings settings, TopicPartition topic) {
    CompensationTopic read = new CompensationTopic();
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings.consumer());
    try {
      consumer.assign(List.of(topic));
      consumer.seekToBeginning(List.of(topic));
      long end = consumer.endOffsets(List.of(topic)).get(topic);
      long quietSince = System.nanoTime();
      while (consumer.position(topic) < end) {
        long before = consumer.position(topic);
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          read.take(record.key(), record.value());
        }
        long now = System.nanoTime();
        if (consumer.position(topic) > before) {
          quietSince = now;
        } else if (now - quietSince > KafkaSettings.REACHABLE.toNanos()) {
          throw new TimeoutException("no answer");
        }
      }
      return read;
    } finally {
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    }
  }

  @Override
  public void publish(Compensation compensation) throws ApplierException {
    run("publish a compensation to", () -> inTransaction(() -> send(compensation)));
  }

  @Override
  public void doneAndCommit(List<Compensation> compensations, long offset) throws ApplierException {
    run(
        "mark a compensation done in",
        () ->
            inTransaction(
                () -> {
                  compensations.forEach(this::send);
                  sendOffset(offset);
                }));
    compensations.forEach(retention::done);
  }

  @Override
  public void commit(long offset) throws ApplierException {
    if (commits) {
      run("set the group offset beside", () -> inTransaction(() -> sendOffset(offset)));
    }
  }

  private void inTransaction(Runnable sends) {
    KafkaProducer<byte[], byte[]> current = producer();
    // Removed along with something else: nobody waits for it, and a repetition does no harm.
    List<String> expired = retention.expired(Instant.now());
    current.beginTransaction();
    sends.run();
    expired.forEach(this::remove);
    current.commitTransaction(); // also throws what any send of it has met
    retention.removed(expired);
    writtenParts.keySet().removeAll(expired);
  }

  private void remove(String id) {
    for (int part = 0; part < writtenParts.getOrDefault(id, 1); part++) {
      send(CompensationJson.Part.key(id, part), null);
    }
  }

  private void send(Compensation compensation) {
    List<CompensationJson.Part> parts = CompensationJson.split(compensation);
    for (CompensationJson.Part part : parts) {
      send(part.key(), CompensationJson.write(part));
    }
    // A repetition can be shorter: its clusters were merged. What is left over must not stay.
    int before = writtenParts.getOrDefault(compensation.id(), 0);
    for (int left = parts.size(); left < before; left++) {
      send(CompensationJson.Part.key(compensation.id(), left), null);
    }
    writtenParts.merge(compensation.id(), parts.size(), Math::max);
  }

  private void send(String key, byte[] value) {
    byte[] keyBytes = key.getBytes(StandardCharsets.UTF_8);
    producer.send(new ProducerRecord<>(topic.topic(), topic.partition(), keyBytes, value));
  }

  private void sendOffset(long offset) {
    if (commits) {
      if (group == null) {
        group = groupMetadata();
      }
      producer.sendOffsetsToTransaction(Map.of(intents, new OffsetAndMetadata(offset)), group);
    }
  }

  /** Of a group without members; only a consumer can say it, and it need not connect for that. */
  private ConsumerGroupMetadata groupMetadata() {
    Map<String, Object> config = settings.consumer();
    config.put(ConsumerConfig.GROUP_ID_CONFIG, identity);
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config);
    try {
      return consumer.groupMetadata();
    } finally {
      consumer.close(CloseOptions.timeout(Duration.ZERO));
    }
  }

  private KafkaProducer<byte[], byte[]> producer() {
    if (producer == null) {
      Map<String, Object> config = settings.producer(PATIENCE);
      config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, identity);
      config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MS);
      KafkaProducer<byte[], byte[]> fresh = new KafkaProducer<>(config);
      try {
        fresh.initTransactions();
      } catch (KafkaException e) {
        fresh.close(Duration.ZERO);
        throw e;
      }
      producer = fresh;
    }
    return producer;
  }

  private void run(String doing, Runnable calls) throws ApplierException {
    try {
      if (fencedBy == null) {
        calls.run();
        return;
      }
    } catch (KafkaException e) {
      drop();
      fencedBy = fencing(e);
      if (fencedBy == null) {
        throw translate(settings, topic.topic(), doing, e, PATIENCE);
      }
    }
    // For good: connecting again would fence the other one, and so on for ever.
    throw new ApplierException(
        Code.FENCED,
        "replica %s: another process has taken over %s".formatted(replica, identity),
        "one process per replica: stop one of them, or give its image another name, which it keeps:"
            + " 'drover apply VOLUME --image PATH --replica NAME'",
        fencedBy);
  }

  /**
   * The failure that says that the identity is somebody else's now. Kafka says the same when a
   * transaction of ours has timed out; no call here takes nearly that long.
   */
  private static KafkaException fencing(KafkaException failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof ProducerFencedException || t instanceof InvalidProducerEpochException) {
        return failure;
      }
    }
    return null;
  }

  private void drop() {
    if (producer != null) {
      producer.close(Duration.ZERO);
      producer = null;
    }
  }

  private static ApplierException translate(
      KafkaSettings settings, String topic, String doing, KafkaException e, Duration patience) {
    if (e instanceof InterruptException) {
      Thread.currentThread().interrupt();
    }
    JournalException why = settings.failure(doing + " topic " + topic, e, patience);
    return why.code() == JournalException.Code.NOT_AUTHORIZED
        ? new ApplierException(
            Code.LOG_REFUSED, why.getMessage(), "see docs/security.md for a replica's ACLs", e)
        : new ApplierException(
            Code.LOG_UNAVAILABLE,
            why.getMessage(),
            "check that the brokers are up; it is tried again",
            e);
  }

  @Override
  public void close() {
    if (producer != null) {
      producer.close(Duration.ofSeconds(1));
      producer = null;
    }
  }
}
