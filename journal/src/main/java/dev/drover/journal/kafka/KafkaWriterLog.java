package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;

/** A journal's topic as its writer needs it. */
final class KafkaWriterLog implements WriterLog {
  /** The writer asks again as long as it has patience, and has receipts to look at meanwhile. */
  private static final Duration LOOK = Duration.ofSeconds(3);

  private final KafkaSettings settings;
  private final String topic;
  private final KafkaLogView view;

  KafkaWriterLog(KafkaSettings settings, VolumeDescriptor volume) throws JournalException {
    this.settings = settings;
    this.topic = volume.topic();
    this.view = new KafkaLogView(settings, topic, volume.uuid(), LOOK);
  }

  @Override
  public long beginOffset() throws JournalException {
    return view.beginOffset();
  }

  @Override
  public long endOffset() throws JournalException {
    return view.endOffset();
  }

  @Override
  public List<Seen> read(long from, long to) throws JournalException {
    return view.read(from, to);
  }

  @Override
  public Appender appender() throws JournalException {
    try {
      return new KafkaAppender(new KafkaProducer<>(settings.writer()), topic);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "make a producer", e);
    }
  }

  @Override
  public void close() {
    view.close();
  }

  /**
   * One idempotent producer, until its first failure.
   *
   * <p>A batch that expires before it was sent leaves no trace in the log, and the producer would
   * go on with the next one behind it. So the callback that learns of a failure closes the producer
   * there and then, on the producer's own thread, before that can send anything else.
   */
  static final class KafkaAppender implements Appender {
    private final Producer<byte[], byte[]> producer;
    private final String topic;
    private final AtomicBoolean aborted = new AtomicBoolean();

    KafkaAppender(Producer<byte[], byte[]> producer, String topic) {
      this.producer = producer;
      this.topic = topic;
    }

    @Override
    public void append(JournalRecord record, Receipt receipt) {
      byte[] value = RecordCodec.encode(record).array();
      try {
        producer.send(
            new ProducerRecord<>(topic, 0, record.timestampMillis(), null, value),
            (metadata, failure) -> {
              if (failure == null) {
                receipt.acknowledged(metadata.hasOffset() ? metadata.offset() : Receipt.UNTOLD);
              } else {
                abort();
                receipt.failed(told(failure));
              }
            });
      } catch (KafkaException | IllegalStateException e) {
        // Thrown instead of told: interrupted, or the producer was closed meanwhile.
        abort();
        receipt.failed(told(e));
      }
    }

    /** A right that is missing has its own way out; of the rest the writer says what it means. */
    private Exception told(Exception failure) {
      return failure instanceof AuthorizationException || failure instanceof AuthenticationException
          ? new JournalException(
              JournalException.Code.NOT_AUTHORIZED,
              "could not write to " + topic + ": " + failure.getMessage(),
              failure)
          : failure;
    }

    @Override
    public void abort() {
      if (aborted.compareAndSet(false, true)) {
        producer.close(Duration.ZERO);
      }
    }
  }
}
