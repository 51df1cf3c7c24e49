package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.LogView;
import dev.drover.journal.RecordCodec;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/** Looks into a journal's topic with a consumer that joins no group and stores nothing. */
final class KafkaLogView implements LogView {
  private static final Duration POLL = Duration.ofMillis(100);

  private final KafkaSettings settings;
  private final UUID volume;
  private final Duration patience;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], byte[]> consumer;

  KafkaLogView(KafkaSettings settings, String topic, UUID volume) throws JournalException {
    this(settings, topic, volume, KafkaSettings.REACHABLE);
  }

  /** A view that gives up a question after {@code patience}, for who asks again by itself. */
  KafkaLogView(KafkaSettings settings, String topic, UUID volume, Duration patience)
      throws JournalException {
    this.settings = settings;
    this.volume = volume;
    this.patience = patience;
    this.partition = new TopicPartition(topic, 0);
    try {
      Map<String, Object> config = settings.consumer();
      // A transaction in a journal is foreign; seeing its records at once is how it is found out.
      config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
      // It only asks for what is there; a fetch that waits at the end would only delay close().
      config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "10");
      config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) patience.toMillis());
      config.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) patience.toMillis());
      this.consumer = new KafkaConsumer<>(config);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "connect", e);
    }
    consumer.assign(List.of(partition));
  }

  @Override
  public long beginOffset() throws JournalException {
    try {
      return consumer.beginningOffsets(List.of(partition)).get(partition);
    } catch (KafkaException e) {
      String doing = "ask where " + partition.topic() + " begins, if it is still there";
      throw KafkaFaults.translate(settings, doing, e, patience);
    }
  }

  @Override
  public long endOffset() throws JournalException {
    try {
      return consumer.endOffsets(List.of(partition)).get(partition);
    } catch (KafkaException e) {
      String doing = "ask where " + partition.topic() + " ends, if it is still there";
      throw KafkaFaults.translate(settings, doing, e, patience);
    }
  }

  @Override
  public List<Seen> read(long from, long to) throws JournalException {
    if (from > to) {
      throw KafkaFaults.tooShort(partition.topic(), from, to);
    }
    List<Seen> found = new ArrayList<>();
    try {
      if (from < to) {
        consumer.seek(partition, from);
      }
      long quietSince = System.nanoTime();
      long at = from;
      while (at < to) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (record.offset() < to) {
            found.add(seen(record));
          }
        }
        long before = at;
        at = consumer.position(partition);
        long now = System.nanoTime();
        if (at > before) {
          quietSince = now;
        } else if (now - quietSince > patience.toNanos()) {
          throw new TimeoutException("no answer");
        }
      }
      return found;
    } catch (OffsetOutOfRangeException e) {
      throw KafkaFaults.outOfRange(partition.topic(), from, e);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "read " + partition.topic(), e, patience);
    }
  }

  private Seen seen(ConsumerRecord<byte[], byte[]> record) throws JournalException {
    try {
      if (record.value() == null) {
        throw new JournalException(Code.DAMAGED_RECORD, "damaged record: it is empty");
      }
      JournalRecord decoded = RecordCodec.decode(ByteBuffer.wrap(record.value()));
      if (!decoded.volume().equals(volume)) {
        throw new JournalException(
            Code.FOREIGN_RECORD, "a record of volume " + decoded.volume() + ", this is " + volume);
      }
      return new Seen(record.offset(), decoded);
    } catch (JournalException e) {
      throw e.at(partition.topic(), record.offset());
    }
  }

  @Override
  public void close() {
    KafkaFaults.closeQuietly(consumer);
  }
}
