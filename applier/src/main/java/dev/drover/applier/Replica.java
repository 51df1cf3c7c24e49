package dev.drover.applier;

import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/**
 * One image that follows a journal, on a thread of its own: opened or made, locked, checked,
 * applied to, and registered with a heartbeat every 5 s. All methods may be called by any thread.
 */
public final class Replica implements AutoCloseable {

  private Replica() {}

  /**
   * Opens or makes the image, checks that it may follow this journal, and starts to apply. Takes
   * over {@code ports.source()} also when it throws.
   *
   * @throws ApplierException refused, or not possible: nothing was changed then
   * @throws IOException {@link dev.drover.qcow2.Qcow2Exception} or {@link
   *     dev.drover.journal.JournalException}, likewise, or the host's own error
   */
  public static Replica start(VolumeDescriptor volume, ReplicaOptions options, ReplicaPorts ports)
      throws ApplierException, IOException {
    throw new UnsupportedOperationException();
  }

  /** What it is doing now. */
  public ReplicaReport report() {
    throw new UnsupportedOperationException();
  }

  /**
   * Fills {@code dst} with guest content.
   *
   * @throws IOException also below the gate: the image is at no point of the journal there
   */
  public void read(long offset, ByteBuffer dst) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Everything below shows in {@link #read}; 0 until the gate is passed. Never falls. */
  public long visibleOffset() {
    throw new UnsupportedOperationException();
  }

  /** Hears each rise of {@link #visibleOffset}, on the applying thread: it must be quick. */
  public void onVisible(LongConsumer listener) {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until everything below {@code offset} shows.
   *
   * @return false when the time is up
   * @throws ApplierException when the replica has ended without getting there
   */
  public boolean awaitVisible(long offset, Duration max)
      throws ApplierException, InterruptedException {
    throw new UnsupportedOperationException();
  }

  /**
   * Completes when the replica has ended: with a summary when it reached its POINT or was closed;
   * with an {@link ApplierException} when a fault ended it.
   */
  public CompletableFuture<ApplySummary> done() {
    throw new UnsupportedOperationException();
  }

  /** What it has done so far. */
  public ApplySummary summary() {
    throw new UnsupportedOperationException();
  }

  /**
   * Stops: finishes the batch under way, gives back what is set aside, leaves a clean slot, says
   * STOPPED in the registry, closes everything. At most 30 s; an image that could not be settled by
   * then is recovered by the next start. Idempotent.
   */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
