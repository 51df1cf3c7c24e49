package dev.drover.journal.kafka;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;

/**
 * The writer of one volume on Kafka: takes an epoch, appends, and notices when it is superseded.
 */
public final class KafkaIntentSink implements IntentSink {

  private KafkaIntentSink() {}

  /**
   * Takes the next epoch of the volume and is its writer from then on. The caller serves nothing
   * until its image holds everything below {@link #epoch}.
   *
   * @param volume a volume whose topics were checked
   * @param me who the EPOCH record names
   * @param takeOver supersede a live writer of another image
   * @throws JournalException WRITER_ALIVE when another image's writer was heard of within {@link
   *     dev.drover.journal.WriterState#ALIVE} and {@code takeOver} is not set
   */
  public static KafkaIntentSink open(
      KafkaSettings settings,
      VolumeDescriptor volume,
      WriterIdentity me,
      boolean takeOver,
      Clock clock)
      throws JournalException {
    throw new UnsupportedOperationException("lands within the hour");
  }

  @Override
  public long epoch() {
    throw new UnsupportedOperationException("lands within the hour");
  }

  @Override
  public CompletableFuture<Long> append(Intent intent) {
    throw new UnsupportedOperationException("lands within the hour");
  }

  @Override
  public CompletableFuture<JournalException> lost() {
    throw new UnsupportedOperationException("lands within the hour");
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("lands within the hour");
  }
}
