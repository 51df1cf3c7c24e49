package dev.drover.journal.kafka;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Shows a journal as it lies there, also one that no {@link KafkaIntentSource} would read any
 * further: damaged records are lines like others, holes are just missing offsets. It judges
 * leniently from where it begins, because whoever dumps the last hundred records does not want to
 * read the first million.
 */
public final class JournalDump implements AutoCloseable {
  private final KafkaSettings settings;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], ByteBuffer> consumer;

  /** How the dump judges: the epoch is the newest one heard of, its sequence what follows. */
  static final class Judge {
    private long epoch = JournalRecord.NONE;
    private long nextSequence;
    private boolean knowsSequence;
    private boolean broken;

    boolean counts(long offset, JournalRecord record) {
      if (record.intent() instanceof Intent.Epoch) {
        begin(offset);
        knowsSequence = true;
        return true;
      }
      if (record.epoch() > epoch) {
        begin(record.epoch());
      }
      if (record.epoch() < epoch || broken) {
        return false;
      }
      if (knowsSequence && record.sequence() != nextSequence) {
        broken = true;
        return false;
      }
      knowsSequence = true;
      nextSequence = record.sequence() + 1;
      return true;
    }

    private void begin(long newEpoch) {
      epoch = newEpoch;
      nextSequence = 0;
      knowsSequence = false;
      broken = false;
    }
  }

  private JournalDump(
      KafkaSettings settings, String topic, KafkaConsumer<byte[], ByteBuffer> consumer) {
    this.settings = settings;
    this.partition = new TopicPartition(topic, 0);
    this.consumer = consumer;
    consumer.assign(List.of(partition));
  }

  /** Dumps this topic. */
  public static JournalDump open(KafkaSettings settings, String topic) throws JournalException {
    return new JournalDump(settings, topic, KafkaIntentSource.connect(settings, Map.of()));
  }

  /** The first offset that the journal still has. */
  public long begin() throws JournalException {
    return ask("begins", consumer::beginningOffsets);
  }

  /** The offset behind the last record now. */
  public long end() throws JournalException {
    return ask("ends", consumer::endOffsets);
  }

  private long ask(String what, Function<List<TopicPartition>, Map<TopicPartition, Long>> question)
      throws JournalException {
    try {
      return question.apply(List.of(partition)).get(partition);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "ask where topic " + partition.topic() + " " + what, e);
    }
  }

  /**
   * Shows the records in [from, to), as far as the journal has them now.
   *
   * @return how many of them could not be read
   */
  public long dump(long from, long to, Consumer<DumpedRecord> out) throws JournalException {
    long end = Math.min(to, end());
    long at = Math.max(from, begin());
    var judge = new Judge();
    long damaged = 0;
    consumer.seek(partition, at);
    long heard = System.nanoTime();
    while (at < end) {
      for (DumpedRecord line : fetch(judge, at)) {
        if (line.offset() < end) {
          damaged += line.damage() == null ? 0 : 1;
          out.accept(line);
        }
      }
      long next = consumer.position(partition);
      if (next > at) {
        at = next;
        heard = System.nanoTime();
      } else if (System.nanoTime() - heard > KafkaSettings.REACHABLE.toNanos()) {
        throw KafkaFaults.translate(
            settings, "read " + partition.topic(), new TimeoutException("no answer"));
      }
    }
    return damaged;
  }

  private List<DumpedRecord> fetch(Judge judge, long at) throws JournalException {
    try {
      List<DumpedRecord> lines = new ArrayList<>();
      for (var raw : consumer.poll(Duration.ofMillis(200))) {
        lines.add(line(judge, raw));
      }
      return lines;
    } catch (KafkaException e) {
      JournalException damage = SourceFaults.translate(settings, partition.topic(), at, e);
      if (damage.code() != JournalException.Code.DAMAGED_RECORD) {
        throw damage;
      }
      consumer.seek(partition, at + 1);
      return List.of(new DumpedRecord(at, ConsumerRecord.NO_TIMESTAMP, null, 0, false, damage));
    }
  }

  private DumpedRecord line(Judge judge, ConsumerRecord<byte[], ByteBuffer> raw) {
    long offset = raw.offset();
    try {
      if (raw.value() == null) {
        throw new JournalException(
            JournalException.Code.DAMAGED_RECORD, "damaged record: it is empty");
      }
      ByteBuffer value = raw.value();
      JournalRecord record = RecordCodec.decode(value);
      boolean counts = judge.counts(offset, record);
      int crc = RecordCodec.payloadCrc(value);
      return new DumpedRecord(offset, raw.timestamp(), record, crc, counts, null);
    } catch (JournalException e) {
      JournalException damage = e.at(partition.topic(), offset);
      return new DumpedRecord(offset, raw.timestamp(), null, 0, false, damage);
    }
  }

  @Override
  public void close() {
    KafkaFaults.closeQuietly(consumer);
  }
}
