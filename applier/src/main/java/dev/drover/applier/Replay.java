package dev.drover.applier;

import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Makes a fresh image at one point of a journal. The image is {@code PATH.partial} until it is
 * complete, then renamed; a rerun continues where the last one stopped. It carries its position, so
 * that an apply can follow from there. It is no replica yet: the registry does not know it.
 */
public final class Replay {

  private Replay() {}

  /**
   * Replays up to {@code options.untilOffset()}, which must be given. Runs on the caller's thread;
   * an interrupt stops it, and leaves what a rerun continues. Closes {@code ports.source()}.
   *
   * @param options its image is the output
   * @param progress hears a report from time to time
   * @throws ApplierException OUTPUT_EXISTS, POINT_BEYOND_END, or what ended it
   */
  public static ApplySummary run(
      VolumeDescriptor volume,
      ReplicaOptions options,
      ReplicaPorts ports,
      Consumer<ReplicaReport> progress)
      throws ApplierException, IOException, InterruptedException {
    throw new UnsupportedOperationException();
  }
}
