package dev.drover.applier.kafka;

import dev.drover.applier.ApplierException;
import dev.drover.applier.Compensation;
import dev.drover.applier.CompensationLog;
import dev.drover.journal.kafka.KafkaSettings;
import java.util.List;

/**
 * A replica's compensations on the volume's compacted topic, and its group offset, in transactions
 * of {@code <prefix>.<volume>.<replica>}: opening it fences an older process of the same identity.
 */
public final class KafkaCompensationLog implements CompensationLog {

  private KafkaCompensationLog() {}

  /** For replicas of this volume: each commits its group offset. */
  public static CompensationLog.Opener following(KafkaSettings settings, String volume) {
    throw new UnsupportedOperationException();
  }

  /** For replays: compensations only, no group. */
  public static CompensationLog.Opener replaying(KafkaSettings settings, String volume) {
    throw new UnsupportedOperationException();
  }

  /** All compensations of a volume, of all replicas, oldest first: {@code drover compensations}. */
  public static List<Compensation> readAll(KafkaSettings settings, String volume)
      throws ApplierException {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Compensation> open() throws ApplierException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void publish(Compensation compensation) throws ApplierException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void doneAndCommit(List<Compensation> compensations, long offset) throws ApplierException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void commit(long offset) throws ApplierException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
