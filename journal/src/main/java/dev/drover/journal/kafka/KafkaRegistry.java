package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidOffsetException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.record.TimestampType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry on one compacted topic of JSON values, keys {@code volume/NAME}, {@code
 * history/VOLUME} and {@code replica/VOLUME/REPLICA}. Every read first follows the topic to the end
 * that it has at that moment, from where the last read stopped; so a fleet of some hundred replicas
 * costs one fetch a question. A missing registry topic is an empty registry: only {@link
 * KafkaVolumes} creates it.
 *
 * <p>Writes take no lock once the topic was seen: the replicas of one process tell their states at
 * the same time, and one of them may have to wait for a broker.
 *
 * <p>The brokers date the records of this topic, so that hosts with different clocks agree on who
 * is silent. What time the brokers have is known from the last write; who has written nothing asks
 * by overwriting the key {@code clock}, and who may not write takes its own clock, or the newest
 * record where that is ahead of it.
 */
public final class KafkaRegistry implements Registry {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaRegistry.class);
  // Some thousand snapshots and marks; a record of a topic has 1 MiB at most.
  private static final int HISTORY_BYTES_MAX = 768 << 10;
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String CLOCK = "clock";
  private static final byte[] TICK = "{}".getBytes(StandardCharsets.UTF_8);

  /** A value and when a broker took it; null when the topic keeps its writers' times. */
  private record Kept(byte[] json, Instant taken) {}

  private final KafkaSettings settings;
  private final TopicPartition partition;
  private final Clock clock;
  private final BrokerClock brokers = new BrokerClock(System::nanoTime);
  private final TreeMap<String, Kept> values = new TreeMap<>();
  private Instant newest = Instant.EPOCH;
  private KafkaConsumer<byte[], byte[]> consumer;
  private volatile KafkaProducer<byte[], byte[]> producer;
  private volatile boolean closed;

  /** Connects at the first question. */
  public KafkaRegistry(KafkaSettings settings) {
    this(settings, Clock.systemUTC());
  }

  /** The same on a host with this clock. */
  public KafkaRegistry(KafkaSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    this.partition = new TopicPartition(settings.topics().registry(), 0);
  }

  @Override
  public synchronized Optional<VolumeDescriptor> volume(String name) throws JournalException {
    refresh();
    return parsed(volumeKey(name), VolumeDescriptor.class);
  }

  @Override
  public synchronized List<VolumeDescriptor> volumes() throws JournalException {
    refresh();
    return under("volume/", key -> parsed(key, VolumeDescriptor.class));
  }

  @Override
  public void put(VolumeDescriptor volume) throws JournalException {
    write(volumeKey(volume.name()), JournalJson.write(volume));
  }

  @Override
  public synchronized Optional<JournalHistory> history(String volume) throws JournalException {
    refresh();
    try {
      return parsed(historyKey(volume), JournalHistory.class);
    } catch (JournalException e) {
      // It can be read again from the journal, which is why nobody has to be told.
      LOG.debug("{}; {}", e.getMessage(), e.hint());
      return Optional.empty();
    }
  }

  @Override
  public void put(String volume, JournalHistory history) throws JournalException {
    byte[] json = JournalJson.write(history);
    if (json.length <= HISTORY_BYTES_MAX) {
      write(historyKey(volume), json);
    }
  }

  @Override
  public synchronized void removeVolume(String name) throws JournalException {
    refresh();
    List<String> keys = keysUnder(replicasOf(name));
    keys.add(historyKey(name));
    keys.add(volumeKey(name));
    keys.retainAll(values.keySet());
    for (String key : keys) {
      write(key, null);
    }
  }

  @Override
  public synchronized Optional<ReplicaStatus> replica(String volume, String replica)
      throws JournalException {
    refresh();
    return status(replicasOf(volume) + replica);
  }

  @Override
  public synchronized List<ReplicaStatus> replicas(String volume) throws JournalException {
    refresh();
    return under(replicasOf(volume), this::status);
  }

  @Override
  public void put(ReplicaStatus status) throws JournalException {
    write(replicasOf(status.volume()) + status.replica(), JournalJson.write(status));
  }

  @Override
  public synchronized void removeReplica(String volume, String replica) throws JournalException {
    refresh();
    if (values.containsKey(replicasOf(volume) + replica)) {
      write(replicasOf(volume) + replica, null);
    }
  }

  @Override
  public Instant now() throws JournalException {
    Optional<Instant> known = brokers.now();
    if (known.isPresent()) {
      return known.get();
    }
    try {
      write(CLOCK, TICK);
    } catch (JournalException e) {
      boolean asGoodAsItGets =
          e.code() == JournalException.Code.NOT_AUTHORIZED
              || e.code() == JournalException.Code.TOPIC_MISSING;
      if (!asGoodAsItGets) {
        throw e;
      }
    }
    Instant own = clock.instant();
    return brokers.now().orElseGet(() -> newest().isAfter(own) ? newest() : own);
  }

  @Override
  public synchronized Instant byOwnClock(String host, Instant stamped) throws JournalException {
    refresh();
    Instant latest = Instant.MIN;
    Duration ahead = Duration.ZERO;
    for (String key : keysUnder("replica/")) {
      Instant taken = values.get(key).taken();
      if (taken != null && taken.isAfter(latest)) {
        Optional<ReplicaStatus> said = readable(key);
        // Who speaks on behalf of a replica that has ended did not date what it repeats.
        if (said.isPresent() && said.get().host().equals(host) && !said.get().ended()) {
          latest = taken;
          ahead = Duration.between(taken, said.get().lastSeen());
        }
      }
    }
    return stamped.minus(ahead);
  }

  private Optional<ReplicaStatus> readable(String key) {
    try {
      return parsed(key, ReplicaStatus.class);
    } catch (JournalException e) {
      return Optional.empty(); // who asks for it by name is told
    }
  }

  private synchronized Instant newest() {
    return newest;
  }

  @Override
  public void close() {
    closed = true;
    KafkaProducer<byte[], byte[]> writes = producer;
    if (writes != null) {
      writes.close(Duration.ofSeconds(1)); // without the lock: it ends who waits in a write
    }
    synchronized (this) {
      if (consumer != null) {
        KafkaFaults.closeQuietly(consumer);
      }
    }
  }

  private static String volumeKey(String name) {
    return "volume/" + name;
  }

  private static String historyKey(String name) {
    return "history/" + name;
  }

  private static String replicasOf(String volume) {
    return "replica/" + volume + "/";
  }

  private List<String> keysUnder(String start) {
    return new ArrayList<>(values.subMap(start, start + Character.MAX_VALUE).keySet());
  }

  /** What one key says. */
  private interface Reading<T> {
    Optional<T> of(String key) throws JournalException;
  }

  private <T> List<T> under(String start, Reading<T> reading) {
    List<T> found = new ArrayList<>();
    for (String key : keysUnder(start)) {
      try {
        reading.of(key).ifPresent(found::add);
      } catch (JournalException e) {
        // One bad entry must not hide the rest of the fleet; who asks for it by name is told.
        LOG.warn("{}; {}", e.getMessage(), e.hint());
      }
    }
    return found;
  }

  private <T> Optional<T> parsed(String key, Class<T> type) throws JournalException {
    Kept kept = values.get(key);
    if (kept == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(JournalJson.read(kept.json(), type));
    } catch (IOException e) {
      throw KafkaFaults.unreadable(partition.topic(), key, e);
    }
  }

  private Optional<ReplicaStatus> status(String key) throws JournalException {
    Optional<ReplicaStatus> said = parsed(key, ReplicaStatus.class);
    Instant taken = said.isPresent() ? values.get(key).taken() : null;
    return taken == null ? said : said.map(status -> status.seenAt(taken));
  }

  private void write(String key, byte[] value) throws JournalException {
    try {
      byte[] keyBytes = key.getBytes(StandardCharsets.UTF_8);
      RecordMetadata written =
          producer().send(new ProducerRecord<>(partition.topic(), 0, keyBytes, value)).get();
      // In a topic that keeps its writers' times this is our own clock, which then has to do.
      brokers.heard(written.timestamp());
    } catch (ExecutionException e) {
      throw KafkaFaults.translate(settings, "write " + key + " to " + partition.topic(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted("write " + key + " to " + partition.topic());
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "write " + key + " to " + partition.topic(), e);
    }
  }

  private KafkaProducer<byte[], byte[]> producer() throws JournalException {
    KafkaProducer<byte[], byte[]> known = producer;
    return known != null && !closed ? known : connectedProducer();
  }

  private synchronized KafkaProducer<byte[], byte[]> connectedProducer() throws JournalException {
    if (!connected()) {
      // The producer would let a broker create the topic with settings of its own.
      throw KafkaFaults.topicMissing(partition.topic());
    }
    if (producer == null) {
      producer = new KafkaProducer<>(settings.producer(PATIENCE));
    }
    return producer;
  }

  /** Whether the topic is there; assigns it to the consumer the first time that it is. */
  private boolean connected() {
    if (closed) {
      throw new IllegalStateException("the registry is closed");
    }
    if (consumer == null) {
      Map<String, Object> config = settings.consumer();
      // It only asks for what is there; a fetch that waits at the end would only delay close().
      config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "10");
      consumer = new KafkaConsumer<>(config);
    }
    if (consumer.assignment().isEmpty()) {
      if (consumer.partitionsFor(partition.topic()).isEmpty()) {
        return false;
      }
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
    }
    return true;
  }

  private void refresh() throws JournalException {
    try {
      if (connected()) {
        readToEnd();
      }
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "read " + partition.topic(), e);
    }
  }

  private void readToEnd() {
    long end = consumer.endOffsets(List.of(partition)).get(partition);
    long quietSince = System.nanoTime();
    while (position() < end) {
      boolean progress = false;
      try {
        long before = position();
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          take(record);
        }
        progress = position() > before;
      } catch (InvalidOffsetException e) {
        // The topic was recreated or cut below us: what we remember may never have been there.
        values.clear();
        consumer.seekToBeginning(List.of(partition));
      }
      long now = System.nanoTime();
      if (progress) {
        quietSince = now;
      } else if (now - quietSince > KafkaSettings.REACHABLE.toNanos()) {
        throw new TimeoutException(
            "no answer within " + KafkaSettings.REACHABLE.toSeconds() + " s");
      }
    }
  }

  private long position() {
    return consumer.position(partition);
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null) {
      return;
    }
    boolean dated = record.timestampType() == TimestampType.LOG_APPEND_TIME;
    Instant taken = dated ? Instant.ofEpochMilli(record.timestamp()) : null;
    if (dated && taken.isAfter(newest)) {
      newest = taken;
    }
    String key = new String(record.key(), StandardCharsets.UTF_8);
    if (record.value() == null) {
      values.remove(key);
    } else {
      values.put(key, new Kept(record.value(), taken));
    }
  }
}
