package dev.drover.journal.kafka;

import dev.drover.journal.IntentSource.LogEnd;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Looks at single places of a journal: its ends, one record. It has a consumer of its own, so that
 * whoever streams the journal beside it loses nothing of what was fetched ahead. One thread.
 */
final class JournalProbe implements AutoCloseable {
  /** A broker sends at least one batch whatever this is, and no more than needed if it is small. */
  private static final int FETCH_BYTES = 64 << 10;

  /** For who only wants to know how far behind he is, and may be asked to stop meanwhile. */
  private static final Duration LAG_PATIENCE = Duration.ofSeconds(5);

  private static final Duration POLL = Duration.ofMillis(100);

  private final KafkaSettings settings;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], ByteBuffer> consumer;
  private LogEnd lastEnd = new LogEnd(0, 0, 0);

  JournalProbe(KafkaSettings settings, String topic) throws JournalException {
    this.settings = settings;
    this.partition = new TopicPartition(topic, 0);
    this.consumer =
        KafkaIntentSource.connect(
            settings,
            Map.of(
                ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                "10", // it asks for records that are there
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
                FETCH_BYTES,
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG,
                FETCH_BYTES));
    consumer.assign(List.of(partition));
  }

  /** The first offset that the journal still has. */
  long begin() throws JournalException {
    try {
      return consumer.beginningOffsets(List.of(partition)).get(partition);
    } catch (KafkaException e) {
      throw fault("ask where " + partition.topic() + " begins, if it is still there", e);
    }
  }

  /** The offset behind the last record. */
  long end() throws JournalException {
    return end(KafkaSettings.REACHABLE);
  }

  /** The same, with less patience: whether the broker is there. */
  long end(Duration patience) throws JournalException {
    try {
      return consumer.endOffsets(List.of(partition), patience).get(partition);
    } catch (KafkaException e) {
      String doing = "ask where " + partition.topic() + " ends, if it is still there";
      throw KafkaFaults.translate(settings, doing, e, patience);
    }
  }

  /** See {@link dev.drover.journal.IntentSource#dated}. */
  long dated(long millis) throws JournalException {
    try {
      OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, millis)).get(partition);
      return found == null ? end() : found.offset();
    } catch (KafkaException e) {
      throw fault("look up a time in " + partition.topic(), e);
    }
  }

  /** See {@link dev.drover.journal.IntentSource#logEnd}. */
  LogEnd logEnd() throws JournalException {
    long end = end(LAG_PATIENCE);
    if (end == begin()) {
      return new LogEnd(end, 0, 0);
    }
    if (end != lastEnd.offset()) {
      JournalRecord last;
      try {
        last = RecordCodec.decode(record(end - 1).value());
      } catch (JournalException e) {
        throw e.at(partition.topic(), end - 1);
      }
      lastEnd = new LogEnd(end, last.totalPayloadBytes(), last.timestampMillis());
    }
    return lastEnd;
  }

  /** The record at this offset. */
  ConsumerRecord<byte[], ByteBuffer> record(long offset) throws JournalException {
    try {
      consumer.seek(partition, offset);
      long deadline = System.nanoTime() + KafkaSettings.REACHABLE.toNanos();
      while (System.nanoTime() < deadline) {
        for (var record : consumer.poll(POLL)) {
          if (record.offset() == offset && record.value() != null) {
            return record;
          }
          throw new JournalException(Code.OFFSET_HOLE, "there is no record here")
              .at(partition.topic(), offset);
        }
      }
      throw new TimeoutException("no answer");
    } catch (KafkaException e) {
      throw SourceFaults.translate(settings, partition.topic(), offset, e);
    }
  }

  private JournalException fault(String doing, KafkaException e) {
    return KafkaFaults.translate(settings, doing, e);
  }

  @Override
  public void close() {
    KafkaFaults.closeQuietly(consumer);
  }
}
