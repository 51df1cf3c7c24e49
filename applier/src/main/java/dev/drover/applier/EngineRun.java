package dev.drover.applier;

import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.journal.ReplicaStatus.ImageWitness;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * An engine with what it works on, and what others may know of it: opened, stepped, viewed, closed.
 * One thread drives it; {@link #view} and {@link #report} are for all.
 */
final class EngineRun implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration ASK_LOG_END = Duration.ofSeconds(2);
  // Longer than any call that gives up by itself.
  private static final Duration HUNG = Duration.ofSeconds(15);

  private final VolumeDescriptor volume;
  private final ReplicaOptions options;
  private final IntentSource source;
  private final CompensationLog log;
  private final Ticker ticker;
  private final OpenImage open;
  private final ApplyEngine engine;
  private final long fromOffset;
  private final long startNanos;
  private IntentSource.LogEnd logEnd;
  private long logEndAskedNanos;
  private ImageWitness witness;
  private boolean wasAtEnd;
  private volatile boolean stopAsked;
  private volatile long skewMillis;
  private volatile EngineView view;
  private volatile Fault defect;

  /** Takes over all of it. */
  EngineRun(
      VolumeDescriptor volume,
      ReplicaOptions options,
      OpenImage open,
      IntentSource source,
      CompensationLog log,
      Ticker ticker) {
    this.volume = volume;
    this.options = options;
    this.open = open;
    this.source = source;
    this.log = log;
    this.ticker = ticker;
    this.startNanos = ticker.nanos();
    this.logEndAskedNanos = startNanos - ASK_LOG_END.toNanos();
    this.fromOffset = open.state().applied().nextOffset();
    this.logEnd = endAt(open.state().applied());
    this.engine =
        new ApplyEngine(
            new ApplyEngine.Settings(
                open.path().toString(),
                options.untilOffset().orElse(Long.MAX_VALUE),
                options.failFast(),
                open.syncFailed(),
                open.identityIsNew(),
                options.memory().batches(),
                POLL),
            open.image(),
            open.state(),
            source,
            log,
            ticker);
    refresh();
  }

  ApplyEngine engine() {
    return engine;
  }

  OpenImage image() {
    return open;
  }

  String replica() {
    return open.state().replica();
  }

  ApplyEngine.Outcome step() {
    ApplyEngine.Outcome outcome = engine.step();
    measureSkew(outcome);
    askLogEnd(outcome);
    refresh();
    return outcome;
  }

  /**
   * Records are stamped by their writer's clock. What comes in while everything was applied has
   * just been written: so its age is the difference of the two clocks, to a second or two.
   */
  private void measureSkew(ApplyEngine.Outcome outcome) {
    Position fetched = engine.fetched();
    if (wasAtEnd && outcome == ApplyEngine.Outcome.PROGRESSED && fetched.timestampMillis() > 0) {
      skewMillis = ticker.now().toEpochMilli() - fetched.timestampMillis();
    }
    wasAtEnd = outcome == ApplyEngine.Outcome.IDLE && fetched.nextOffset() >= logEnd.offset();
  }

  /** Why it does not go on although nothing has failed; null when it does. */
  String stallReason() {
    EngineView now = view;
    long silent = ticker.nanos() - now.progressNanos();
    return now.stallReason() == null && isHung(now, silent)
        ? "no step completed for %d s: the image's disk or a broker does not answer"
            .formatted(Duration.ofNanos(silent).toSeconds())
        : now.stallReason();
  }

  private static boolean isHung(EngineView now, long silentNanos) {
    return !now.recovering() && silentNanos > HUNG.toNanos(); // a recount may take long
  }

  /** Asks nothing more of the brokers that only people would look at: each may wait for them. */
  void stopSoon() {
    stopAsked = true;
  }

  /** Settles, if it can, because it is asked to stop. */
  void stop() throws IOException, ApplierException {
    try {
      engine.stop();
    } finally {
      refresh();
    }
  }

  /** Tells Kafka's lag tools where it ended, if it ended well and they can be told. */
  void lastReport() {
    try {
      if (fault().isEmpty()) {
        engine.lastReport();
      }
    } catch (IOException | ApplierException e) {
      // It is only a report: the next start repeats it, or is told that it is fenced.
    }
  }

  private void askLogEnd(ApplyEngine.Outcome outcome) {
    boolean brokerAway = outcome == ApplyEngine.Outcome.WAITING;
    if (!brokerAway && !stopAsked && ticker.nanos() - logEndAskedNanos >= ASK_LOG_END.toNanos()) {
      logEndAskedNanos = ticker.nanos();
      try {
        logEnd = source.logEnd();
      } catch (JournalException e) {
        // The next poll says it louder.
      }
    }
    if (logEnd.offset() < engine.fetched().nextOffset()) {
      logEnd = endAt(engine.fetched());
    }
  }

  private static IntentSource.LogEnd endAt(Position position) {
    return new IntentSource.LogEnd(
        position.nextOffset(), position.totalPayloadBytes(), position.timestampMillis());
  }

  private void refresh() {
    ReplicaState durable = engine.durableState();
    long generation = open.image().slot().generation();
    boolean clean = open.image().slot().clean() && !durable.isBetweenPoints();
    if (witness == null || witness.generation() != generation) {
      witness = look(generation);
    }
    EngineCounters counters = engine.counters();
    view =
        new EngineView(
            engine.isRecovering(),
            engine.fault(),
            source.stall().map(IntentSource.Stall::reason).orElse(null),
            open.image().syncFailed(),
            clean,
            witness,
            durable.applied().nextOffset(),
            engine.visibleOffset(),
            logEnd.offset(),
            Math.max(0, logEnd.totalPayloadBytes() - durable.applied().totalPayloadBytes()),
            engine.oldestMillis(),
            counters.intents,
            counters.bytes,
            counters.batches,
            counters.compensations,
            counters.compensatedClusters,
            counters.faults,
            counters.recoveredClusters,
            ticker.nanos());
  }

  private ImageWitness look(long generation) {
    try {
      return FileFacts.of(open.path()).witness(generation);
    } catch (IOException e) {
      return null; // a witness that nobody saw binds nobody
    }
  }

  /** Any thread; rises as soon as the engine says so. */
  long visibleOffset() {
    return engine.visibleOffset();
  }

  EngineView view() {
    return view;
  }

  /** Any thread. */
  ReplicaReport report() {
    EngineView now = view;
    long millis = ticker.now().toEpochMilli() - skewMillis;
    long gate = engine.gateOffset();
    boolean hung = isHung(now, ticker.nanos() - now.progressNanos());
    return new ReplicaReport(
        volume.name(),
        replica(),
        open.path(),
        open.state().incarnation(),
        fault().isPresent() ? State.FAULTED : hung ? State.STALLED : now.state(gate, millis),
        fault(),
        fromOffset,
        now.appliedOffset(),
        now.visibleOffset() < gate ? 0 : now.visibleOffset(),
        gate,
        options.untilOffset().orElse(-1),
        now.logEndOffset(),
        now.lagRecords(),
        now.lagBytes(),
        now.lagSeconds(millis),
        now.intents(),
        now.bytes(),
        now.batches(),
        now.compensations(),
        now.compensatedClusters(),
        now.faults(),
        now.recoveredClusters(),
        now.progressNanos());
  }

  /** Any thread. */
  ApplySummary summary() {
    EngineView now = view;
    return new ApplySummary(
        volume.name(),
        replica(),
        open.path(),
        fromOffset,
        now.appliedOffset(),
        now.intents(),
        now.bytes(),
        (ticker.nanos() - startNanos) / 1e9,
        now.compensations());
  }

  /** The engine threw what it must not: it is not stepped again. */
  void defect(Throwable thrown) {
    defect =
        new Fault(
            "INTERNAL",
            open.path() + ": " + thrown,
            "this is a defect of Drover: report it with the log; the next start recovers",
            false,
            ticker.now());
  }

  /** What ended it, as its callers hear it. */
  ApplierException failure() {
    Fault fault = fault().orElseThrow();
    return new ApplierException(
        ApplierException.Code.FAULTED,
        "replica %s FAULTED (%s): %s".formatted(replica(), fault.code(), fault.reason()),
        fault.hint());
  }

  /** Any thread. */
  Optional<Fault> fault() {
    return defect == null ? view.fault() : Optional.of(defect);
  }

  @Override
  public void close() throws IOException {
    try {
      log.close();
    } finally {
      try {
        source.close();
      } finally {
        open.close();
      }
    }
  }
}
