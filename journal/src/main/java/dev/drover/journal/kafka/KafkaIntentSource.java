package dev.drover.journal.kafka;

import dev.drover.journal.EntryQueue;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.LogView;
import dev.drover.journal.Position;
import dev.drover.journal.PositionCheck;
import dev.drover.journal.VolumeDescriptor;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;

/**
 * A volume's journal on Kafka, read by a consumer that is assigned its one partition, joins no
 * group, commits nothing and is told where to begin.
 *
 * <p>Choices that look like bugs and are not:
 *
 * <ul>
 *   <li><b>read_uncommitted.</b> Journals hold no transactions. One that somebody else wrote must
 *       show, as foreign records or as a hole in the offsets; read_committed would step over it.
 *   <li><b>An empty poll asks the broker for the log's end now and then.</b> A Kafka consumer never
 *       says that its broker is away; it just has nothing. An applier must know the difference.
 *   <li><b>The identity is asked again</b> after a loss of contact, before an EPOCH record is
 *       returned, and every half minute. A consumer goes on reading from a topic that was deleted
 *       and made again, if only it is long enough. Records of another journal do not fit the
 *       tracker's state; an EPOCH record, which fits anywhere, is the one way in.
 * </ul>
 *
 * <p>Memory: at most about two fetches of {@link #FETCH_BYTES}, plus what the caller keeps.
 */
public final class KafkaIntentSource implements IntentSource {
  /** A fetch that waits at the end would only delay {@link #close}. */
  static final Map<String, Object> NO_WAIT_AT_END =
      Map.of(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "10");

  /** Most bytes of one fetch. Several records of the largest size, so that fetches overlap. */
  private static final int FETCH_BYTES = 8 << 20;

  private static final int MAX_POLL_RECORDS = 2_000;

  /** How long nothing may come before the broker is asked whether it is there. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  /** How long it may take to answer that; below what a stopping process has to drain. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** How old the last answer about the identity may be. */
  private static final Duration IDENTITY_AGE = Duration.ofSeconds(30);

  private final KafkaSettings settings;
  private final VolumeDescriptor volume;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], ByteBuffer> consumer;

  private JournalProbe probe;
  private EntryQueue entries;
  private JournalIdentity identity;
  private boolean contactLost;
  private boolean faultIsOfThisTopic;
  private long heardAtNanos = System.nanoTime();
  private long identifiedAtNanos = heardAtNanos;
  private boolean closed;

  private KafkaIntentSource(
      KafkaSettings settings, VolumeDescriptor volume, KafkaConsumer<byte[], ByteBuffer> consumer) {
    this.settings = settings;
    this.volume = volume;
    this.partition = new TopicPartition(volume.topic(), 0);
    this.consumer = consumer;
    this.entries = new EntryQueue(volume.topic(), volume.uuid(), Position.START);
    consumer.assign(List.of(partition));
    consumer.seek(partition, 0);
  }

  /** A source at {@link Position#START}. Connects; reads nothing yet. */
  public static KafkaIntentSource open(KafkaSettings settings, VolumeDescriptor volume)
      throws JournalException {
    return open(settings, volume, FETCH_BYTES);
  }

  /**
   * The same, for one of several in a process.
   *
   * @param fetchBytes the most that one fetch brings, unless a record alone is larger
   */
  public static KafkaIntentSource open(
      KafkaSettings settings, VolumeDescriptor volume, int fetchBytes) throws JournalException {
    int most = Math.min(fetchBytes, FETCH_BYTES);
    Map<String, Object> bounds =
        most == FETCH_BYTES
            ? Map.of() // as configured, if it is
            : Map.of(
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
                most,
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG,
                most);
    return new KafkaIntentSource(settings, volume, connect(settings, bounds));
  }

  /** The same for who reads up to the end and no further: it need not wait there to be closed. */
  public static KafkaIntentSource openForLookup(KafkaSettings settings, VolumeDescriptor volume)
      throws JournalException {
    return new KafkaIntentSource(settings, volume, connect(settings, NO_WAIT_AT_END));
  }

  /** A consumer that sees everything and whose values are slices of what was fetched. */
  static KafkaConsumer<byte[], ByteBuffer> connect(
      KafkaSettings settings, Map<String, Object> fixed) throws JournalException {
    Map<String, Object> config = settings.consumer();
    config.putIfAbsent(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, FETCH_BYTES);
    config.putIfAbsent(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES);
    config.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS);
    config.putAll(fixed);
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
    config.put(
        ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteBufferDeserializer.class.getName());
    try {
      return new KafkaConsumer<>(config);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "connect", e);
    }
  }

  @Override
  public JournalIdentity identity() throws JournalException {
    JournalIdentity now;
    try (TopicAdmin admin = new TopicAdmin(settings)) {
      TopicFacts topic =
          admin
              .describeExpected(volume.topic())
              .orElseThrow(() -> KafkaFaults.topicMissing(volume.topic()));
      if (topic.partitions() != 1) {
        throw KafkaFaults.wrongTopic(
            volume.topic(), "has %d partitions, not 1".formatted(topic.partitions()));
      }
      if (volume.topicId() != null && !volume.topicId().equals(topic.id())) {
        throw KafkaFaults.recreated(volume, topic.id());
      }
      now = new JournalIdentity(admin.cluster().id(), topic.id());
    }
    if (identity != null && !identity.equals(now)) {
      throw new JournalException(
              Code.RECREATED,
              "it is %s of cluster %s now, and was %s of %s"
                  .formatted(
                      now.topicId(), now.clusterId(), identity.topicId(), identity.clusterId()))
          .at(volume.topic(), JournalException.NO_OFFSET);
    }
    identity = now;
    identifiedAtNanos = System.nanoTime();
    return now;
  }

  @Override
  public void seek(Position position) throws JournalException {
    requireOpen();
    identity();
    contactLost = false;
    faultIsOfThisTopic = false;
    verifyAt(position);
    entries = new EntryQueue(volume.topic(), volume.uuid(), position);
    goTo(position);
    heard();
  }

  @Override
  public void verifyAt(Position position) throws JournalException {
    PositionCheck.range(volume.topic(), position, beginOffset(), endOffset());
    if (position.nextOffset() > 0) {
      ConsumerRecord<byte[], ByteBuffer> below = probe().record(position.nextOffset() - 1);
      PositionCheck.below(volume.topic(), position, leaderEpoch(below), below.value());
    }
  }

  private JournalProbe probe() throws JournalException {
    requireOpen();
    if (probe == null) {
      probe = new JournalProbe(settings, volume.topic());
    }
    return probe;
  }

  /** With the leader epoch, so that the consumer itself asks whether the log was cut below. */
  private void goTo(Position position) {
    Optional<Integer> leaderEpoch =
        position.leaderEpoch() < 0 ? Optional.empty() : Optional.of(position.leaderEpoch());
    consumer.seek(partition, new OffsetAndMetadata(position.nextOffset(), leaderEpoch, ""));
  }

  @Override
  public List<JournalEntry> poll(Duration max) throws JournalException {
    requireOpen();
    if (!entries.faulted()) {
      if (contactLost) {
        confirm();
      }
      fetch(max);
    }
    boolean due = !entries.faulted() && isOlder(identifiedAtNanos, IDENTITY_AGE);
    if (due || entries.epochReady()) {
      confirm();
    }
    List<JournalEntry> drained = drain();
    if (drained.isEmpty()) {
      askWhetherItIsThere();
    }
    return drained;
  }

  /**
   * A topic that was made again is shorter, or holds other records, or both; people need to hear
   * that it is another one, not which of its records came in the way.
   */
  private List<JournalEntry> drain() throws JournalException {
    try {
      return entries.drain();
    } catch (JournalException fault) {
      if (!faultIsOfThisTopic) {
        faultIsOfThisTopic = isSameTopic();
      }
      return entries.drain();
    }
  }

  private boolean isSameTopic() {
    try {
      identity();
      return true;
    } catch (JournalException e) {
      if (e.code() == Code.RECREATED) {
        entries.abandon(e);
      }
      return false;
    }
  }

  /** Whether it still is the same topic; if not, nothing that was read of it is returned. */
  private void confirm() throws JournalException {
    try {
      identity();
      contactLost = false;
      heard();
    } catch (JournalException e) {
      contactLost = true;
      if (!e.retriable() && e.code() != Code.CLOSED) {
        entries.abandon(e);
      }
      throw e;
    }
  }

  private void fetch(Duration max) throws JournalException {
    try {
      offer(consumer.poll(max).records(partition));
    } catch (KafkaException e) {
      JournalException fault =
          SourceFaults.translate(settings, volume.topic(), entries.nextOffset(), e);
      if (fault.retriable() || fault.code() == Code.CLOSED) {
        contactLost = true;
        throw fault;
      }
      entries.fail(fault);
    }
  }

  private void offer(List<ConsumerRecord<byte[], ByteBuffer>> records) {
    for (ConsumerRecord<byte[], ByteBuffer> record : records) {
      if (!entries.offer(record.offset(), leaderEpoch(record), record.value())) {
        if (!entries.faulted()) {
          goTo(entries.resumeAt());
        }
        return;
      }
    }
    if (!records.isEmpty()) {
      heard();
    }
    long position = consumer.position(partition);
    if (position > entries.nextOffset()) {
      // The consumer stepped over something that is no record: a marker of a foreign transaction,
      // or what a compaction left.
      entries.offer(position, -1, null);
    }
  }

  private void askWhetherItIsThere() throws JournalException {
    if (!isOlder(heardAtNanos, QUIET)) {
      return;
    }
    try {
      probe().end(ANSWER);
      heard();
    } catch (JournalException e) {
      contactLost = true;
      throw e;
    }
  }

  private static boolean isOlder(long atNanos, Duration age) {
    return System.nanoTime() - atNanos > age.toNanos();
  }

  private void heard() {
    heardAtNanos = System.nanoTime();
  }

  private static int leaderEpoch(ConsumerRecord<byte[], ByteBuffer> record) {
    return record.leaderEpoch().orElse(-1);
  }

  @Override
  public Position position() {
    return entries.position();
  }

  @Override
  public long beginOffset() throws JournalException {
    return probe().begin();
  }

  @Override
  public long endOffset() throws JournalException {
    return probe().end();
  }

  @Override
  public long dated(long millis) throws JournalException {
    return probe().dated(millis);
  }

  @Override
  public LogView look() throws JournalException {
    return new KafkaLogView(settings, volume.topic(), volume.uuid());
  }

  @Override
  public LogEnd logEnd() throws JournalException {
    return probe().logEnd();
  }

  @Override
  public Optional<Stall> stall() {
    return entries.stall();
  }

  private void requireOpen() throws JournalException {
    if (closed) {
      throw new JournalException(Code.CLOSED, "the source of " + volume.topic() + " is closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      KafkaFaults.closeQuietly(consumer);
      if (probe != null) {
        probe.close();
      }
    }
  }
}
