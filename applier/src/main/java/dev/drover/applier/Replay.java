package dev.drover.applier;

import dev.drover.applier.ApplierException.Code;
import dev.drover.journal.IntentSource;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Makes a fresh image at one point of a journal. The image is {@code PATH.partial} until it is
 * complete, then renamed; a rerun continues where the last one stopped. It carries its position, so
 * that an apply can follow from there. It is no replica yet: the registry does not know it.
 */
public final class Replay {

  private static final long REPORT_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private Replay() {}

  /**
   * Replays up to {@code options.untilOffset()}, which must be given, on the caller's thread; it
   * must not be interrupted (an interrupt closes a file channel, and with it the image's lock).
   * Closes {@code ports.source()}.
   *
   * @param options its image is the output
   * @param progress hears a report about every second
   * @param stop asked between steps: true ends it, and leaves what a rerun continues
   * @throws ApplierException OUTPUT_EXISTS, POINT_BEYOND_END, STOPPED, or what ended it
   */
  public static ApplySummary run(
      VolumeDescriptor volume,
      ReplicaOptions options,
      ReplicaPorts ports,
      Consumer<ReplicaReport> progress,
      BooleanSupplier stop)
      throws ApplierException, IOException {
    return run(volume, options, ports, progress, stop, Ticker.SYSTEM);
  }

  static ApplySummary run(
      VolumeDescriptor volume,
      ReplicaOptions options,
      ReplicaPorts ports,
      Consumer<ReplicaReport> progress,
      BooleanSupplier stop,
      Ticker ticker)
      throws ApplierException, IOException {
    Path output = options.image();
    Path partial = partial(output);
    OpenImage open = null;
    CompensationLog log;
    try {
      requireNoOutput(output, partial);
      requirePoint(volume, options, ports.source());
      open = open(volume, options, ports, ticker);
      log = ports.logs().open(open.state().replica(), open.state().incarnation());
    } catch (ApplierException | IOException | RuntimeException e) {
      if (open != null) {
        open.close();
      }
      ports.source().close();
      throw e;
    }
    ApplySummary summary;
    try (EngineRun run = new EngineRun(volume, options, open, ports.source(), log, ticker)) {
      drive(run, progress, stop, ticker);
      summary = run.summary();
    }
    ImageOpener.publish(partial, output);
    return summary.at(output);
  }

  private static OpenImage open(
      VolumeDescriptor volume, ReplicaOptions options, ReplicaPorts ports, Ticker ticker)
      throws ApplierException, IOException {
    Path output = options.image();
    boolean begun = Files.exists(partial(output));
    try {
      return new ImageOpener(volume, options, ports.files(), ports.host(), Optional.empty(), ticker)
          .open(partial(output), output, ports.source());
    } catch (ApplierException e) {
      throw begun && e.code() == Code.POINT_PASSED ? leftBeyond(output, e.getMessage()) : e;
    }
  }

  /**
   * Refuses to go on from what an earlier replay to a later point has left.
   *
   * @param message says where that is
   */
  public static ApplierException leftBeyond(Path output, String message) {
    return new ApplierException(
        Code.POINT_PASSED,
        message,
        "an earlier replay has left it: remove %s, or give another --output"
            .formatted(partial(output)));
  }

  private static void drive(
      EngineRun run, Consumer<ReplicaReport> progress, BooleanSupplier stop, Ticker ticker)
      throws ApplierException, IOException {
    long reported = ticker.nanos();
    while (!stop.getAsBoolean()) {
      switch (run.step()) {
        case PROGRESSED, IDLE -> {}
        case WAITING -> ticker.pause(Math.min(PAUSE_NANOS, run.engine().waitNanos()));
        case REACHED -> {
          progress.accept(run.report());
          return;
        }
        case FAILED -> throw run.failure();
      }
      if (ticker.nanos() - reported >= REPORT_EVERY_NANOS) {
        reported = ticker.nanos();
        progress.accept(run.report());
      }
    }
    run.stop();
    throw new ApplierException(
        Code.STOPPED,
        "replay stopped at offset " + run.view().appliedOffset(),
        "the same command continues it");
  }

  /** Where an image is until it is complete. */
  public static Path partial(Path output) {
    return output.resolveSibling(output.getFileName() + ".partial");
  }

  /**
   * Refuses an output that exists; writes nothing.
   *
   * @throws ApplierException OUTPUT_EXISTS
   */
  public static void requireRoom(Path output) throws ApplierException {
    if (Files.exists(output)) {
      throw new ApplierException(
          Code.OUTPUT_EXISTS, output + ": exists", "give another --output, or remove it first");
    }
  }

  private static void requireNoOutput(Path output, Path partial)
      throws IOException, ApplierException {
    if (Files.exists(output) && Files.exists(partial) && Files.isSameFile(output, partial)) {
      Files.delete(partial); // killed between the two names of a complete image
    }
    requireRoom(output);
  }

  private static void requirePoint(
      VolumeDescriptor volume, ReplicaOptions options, IntentSource source)
      throws IOException, ApplierException {
    long until =
        options
            .untilOffset()
            .orElseThrow(() -> new IllegalArgumentException("a replay needs a point"));
    long end = source.endOffset();
    if (until > end) {
      throw new ApplierException(
          Code.POINT_BEYOND_END,
          "volume %s: offset %d is beyond the journal's end, %d"
              .formatted(volume.name(), until, end),
          "see 'drover journal dump' for what there is");
    }
  }
}
