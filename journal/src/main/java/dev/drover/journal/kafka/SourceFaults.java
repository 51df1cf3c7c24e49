package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.InterruptException;

/** What a consumer's failures mean for a journal that is read in order. */
final class SourceFaults {
  private SourceFaults() {}

  /**
   * Kafka's failure as Drover's.
   *
   * @param offset the record that was wanted
   */
  static JournalException translate(
      KafkaSettings settings, String topic, long offset, KafkaException failure) {
    if (failure instanceof InterruptException) {
      return KafkaFaults.interrupted("read " + topic);
    }
    if (failure instanceof LogTruncationException) {
      return new JournalException(
              Code.TRUNCATED, "the log was cut below this place since it was read", failure)
          .at(topic, offset);
    }
    if (failure instanceof OffsetOutOfRangeException) {
      // Never begins above: seek has looked. So the log has become shorter, at either end.
      return KafkaFaults.outOfRange(topic, offset, failure);
    }
    if (isCorrupt(failure)) {
      return new JournalException(
              Code.DAMAGED_RECORD, "damaged record: " + KafkaFaults.firstLine(failure), failure)
          .at(topic, offset);
    }
    return KafkaFaults.translate(settings, "read " + topic, failure);
  }

  private static boolean isCorrupt(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof CorruptRecordException
          || t instanceof InvalidRecordException
          || failsTheConsumersChecksum(t)) {
        return true;
      }
    }
    return false;
  }

  /** The consumer's own test of a batch throws a plain KafkaException and names no cause. */
  private static boolean failsTheConsumersChecksum(Throwable t) {
    String message = String.valueOf(t.getMessage());
    return t.getClass() == KafkaException.class
        && (message.contains("is invalid, cause") || message.contains("corrupt message"));
  }
}
