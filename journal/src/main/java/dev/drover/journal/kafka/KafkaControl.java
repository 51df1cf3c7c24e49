package dev.drover.journal.kafka;

import dev.drover.journal.ControlRequest;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import java.time.Clock;
import java.time.Duration;

/**
 * Gets one intent of a verb (snapshot, mark, resize) into the journal: through the live gateway if
 * there is one, which orders it after every write that it has answered, else with an epoch of its
 * own that is closed right after.
 */
public final class KafkaControl {

  /**
   * Connects nowhere yet.
   *
   * @param host the name of this host, for the EPOCH record
   */
  public KafkaControl(KafkaSettings settings, String host, Clock clock) {}

  /**
   * Returns the offset at which the intent is in the journal, counting.
   *
   * @param patience how long to wait for the live gateway to append it
   * @throws JournalException NOT_AVAILABLE when the gateway did not in time: it may still do so
   */
  public long append(VolumeDescriptor volume, ControlRequest request, Duration patience)
      throws JournalException {
    throw new UnsupportedOperationException("lands within the hour");
  }
}
