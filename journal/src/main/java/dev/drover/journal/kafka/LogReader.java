package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Reads ranges of a journal as they lie there, judging nothing: what the writer needs to look
 * between its own records, and what the end of a journal tells about its last writer. For one
 * thread at a time.
 */
final class LogReader implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);

  private final KafkaSettings settings;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], byte[]> consumer;

  LogReader(KafkaSettings settings, String topic) throws JournalException {
    this.settings = settings;
    this.partition = new TopicPartition(topic, 0);
    try {
      var config = settings.consumer();
      // A transaction in a journal is foreign; seeing its records at once is how it is found out.
      config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
      this.consumer = new KafkaConsumer<>(config);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "connect", e);
    }
    consumer.assign(List.of(partition));
  }

  String topic() {
    return partition.topic();
  }

  /** The first offset that the topic still has. */
  long beginning() throws JournalException {
    try {
      return consumer.beginningOffsets(List.of(partition)).get(partition);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "ask where " + partition.topic() + " begins", e);
    }
  }

  /** The offset behind the last record that every in-sync broker has. */
  long end() throws JournalException {
    try {
      return consumer.endOffsets(List.of(partition)).get(partition);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "ask where " + partition.topic() + " ends", e);
    }
  }

  /** The records in [from, to), in order. Offsets that hold no record are simply not there. */
  List<ConsumerRecord<byte[], byte[]>> read(long from, long to) throws JournalException {
    List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
    try {
      consumer.seek(partition, from);
      long quietSince = System.nanoTime();
      while (consumer.position(partition) < to) {
        long before = consumer.position(partition);
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (record.offset() < to) {
            found.add(record);
          }
        }
        long now = System.nanoTime();
        if (consumer.position(partition) > before) {
          quietSince = now;
        } else if (now - quietSince > KafkaSettings.REACHABLE.toNanos()) {
          throw new TimeoutException("no answer");
        }
      }
      return found;
    } catch (OffsetOutOfRangeException e) {
      throw KafkaFaults.outOfRange(partition.topic(), from, e);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "read " + partition.topic(), e);
    }
  }

  @Override
  public void close() {
    KafkaFaults.closeQuietly(consumer);
  }
}
