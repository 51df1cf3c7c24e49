package dev.drover.system.journal;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** A journal topic that anyone may write anything to, right or wrong. */
final class RawJournal implements AutoCloseable {
  private final EmbeddedKafka kafka;
  private final String topic;
  private final UUID uuid = new UUID(77, System.identityHashCode(this));
  private final KafkaSettings settings;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Admin admin;
  private long total;
  private long time = 1_800_000_000_000L;

  RawJournal(EmbeddedKafka kafka) throws Exception {
    this(kafka, 1);
  }

  RawJournal(EmbeddedKafka kafka, int partitions) throws Exception {
    this.kafka = kafka;
    this.settings = kafka.settings(EmbeddedKafka.freshPrefix());
    this.topic = settings.topics().intents("v");
    this.admin = kafka.admin();
    create(partitions);
    this.producer = new KafkaProducer<>(settings.producer(Duration.ofSeconds(20)));
  }

  private void create(int partitions) throws Exception {
    var wanted =
        new NewTopic(topic, Optional.of(partitions), Optional.empty())
            .configs(Map.of("retention.ms", "-1"));
    admin.createTopics(List.of(wanted)).all().get();
  }

  KafkaSettings settings() {
    return settings;
  }

  String topic() {
    return topic;
  }

  VolumeDescriptor volume() {
    return new VolumeDescriptor(
        "v",
        uuid,
        1 << 30,
        VolumeDescriptor.State.CREATING,
        topic,
        null,
        512 * 1024,
        Instant.EPOCH,
        null);
  }

  long epoch() throws Exception {
    var intent = new Intent.Epoch(new UUID(8, 8), "host", Intent.Epoch.NO_IMAGE, "");
    return add(JournalRecord.epoch(uuid, time, total, intent));
  }

  long write(long epoch, long sequence, int bytes) throws Exception {
    total += bytes;
    return add(record(epoch, sequence, new Intent.Write(4096, ByteBuffer.allocate(bytes))));
  }

  JournalRecord record(long epoch, long sequence, Intent intent) {
    return new JournalRecord(uuid, epoch, sequence, -1, ++time, total, intent);
  }

  long add(JournalRecord record) throws Exception {
    return addBytes(RecordCodec.encode(record).array());
  }

  long addBytes(byte[] value) throws Exception {
    return producer.send(new ProducerRecord<>(topic, 0, null, value)).get().offset();
  }

  /** A transaction of a record that is nothing to us, and its marker. */
  void addForeignTransaction(JournalRecord record) throws Exception {
    Map<String, Object> config = settings.producer(Duration.ofSeconds(20));
    config.put("transactional.id", "foreign-" + topic);
    try (var foreign = new KafkaProducer<byte[], byte[]>(config)) {
      foreign.initTransactions();
      foreign.beginTransaction();
      foreign.send(new ProducerRecord<>(topic, 0, null, RecordCodec.encode(record).array())).get();
      foreign.commitTransaction();
    }
  }

  void trim(long begin) throws Exception {
    var partition = new TopicPartition(topic, 0);
    admin
        .deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(begin)))
        .lowWatermarks()
        .get(partition)
        .get();
  }

  void recreate() throws Exception {
    admin.deleteTopics(List.of(topic)).all().get();
    while (admin.listTopics().names().get().contains(topic)) {
      Thread.onSpinWait();
    }
    create(1);
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(1));
    admin.close(Duration.ofSeconds(1));
  }
}
