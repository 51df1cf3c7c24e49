package dev.drover.journal.kafka;

import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;

/**
 * The live gateway's ear: appends what verbs ask for on the control topic to the gateway's journal,
 * on a thread of its own. It hears what is asked from its start on; what was asked of an earlier
 * gateway is asked again by the verb that waits for it. Ends when closed or when the sink is lost.
 */
public final class KafkaControlListener implements AutoCloseable {
  private KafkaControlListener() {}

  /** Begins to listen; returns when every later request will be heard. */
  public static KafkaControlListener start(
      KafkaSettings settings, VolumeDescriptor volume, IntentSink sink) throws JournalException {
    throw new UnsupportedOperationException("lands within the hour");
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("lands within the hour");
  }
}
