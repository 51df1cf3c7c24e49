package dev.drover.applier;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.replica.Batch;
import dev.drover.qcow2.replica.RecoveryReport;
import dev.drover.qcow2.replica.ReplicaImage;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Applies one journal onto one image, a step at a time, on one thread; never sleeps, never starts a
 * thread. Whoever runs it calls {@link #step} until it says that it is over, and {@link #settle} to
 * stop.
 *
 * <p>Three positions, each at or below the next:
 *
 * <pre>
 *   durable.applied   what the slot on disk counts; all that Kafka is ever told     (I-35)
 *   applied           end of the last committed batch: its data is durable, its slot comes with
 *                     the next fdatasync
 *   touched           no effect of an intent at or above it is in the image; always at or below
 *                     durable.minRecovery while a batch is under way                  (I-31)
 * </pre>
 *
 * <p>An intent that cannot be applied is tried again, in ever smaller batches, then for ever: the
 * position never moves past it (I-36). Between two tries the {@link Compensator} cleans the image.
 *
 * <p>What looks like a mistake and is not: the slot written with batch k's fdatasync counts only
 * k−1, because the slot may reach the disk before the data; and a batch whose commit threw is
 * applied again although it may be on the disk, because nobody can know.
 */
final class ApplyEngine {

  /** What a step did. */
  enum Outcome {
    /** Something; call again at once. */
    PROGRESSED,
    /** There was nothing to do; it has waited as long as it may. */
    IDLE,
    /** Waits for the next try; call again after {@link #waitNanos}. */
    WAITING,
    /** The requested offset is applied, and the image settled. Final. */
    REACHED,
    /** {@link #fault} stops it. Final. */
    FAILED
  }

  /**
   * What an engine is told.
   *
   * @param image the image's name in messages
   * @param untilOffset where to stop; {@link Long#MAX_VALUE}: never
   * @param failFast end at the first fault
   * @param rewriteMetadata the last run ended with a failed fdatasync
   * @param identityIsNew the state given differs from the slot: it becomes durable first
   * @param limits of batches
   * @param poll how long a step may wait for an intent
   */
  record Settings(
      String image,
      long untilOffset,
      boolean failFast,
      boolean rewriteMetadata,
      boolean identityIsNew,
      BatchLimits limits,
      Duration poll) {}

  private enum Phase {
    RECOVER,
    COMPENSATE,
    RUN,
    REACHED,
    FAILED
  }

  // Long enough that a guest's next write finds the window open, short enough that an image at rest
  // is clean.
  private static final Duration SETTLE_AFTER = Duration.ofSeconds(3);
  private static final Duration GROUP_COMMIT_EVERY = Duration.ofSeconds(1);
  private static final Duration FIRST_WAIT = Duration.ofMillis(100);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
  private static final int SHRINK = 4;

  private final Settings settings;
  private final ReplicaImage image;
  private final Ticker ticker;
  private final BatchPlanner planner;
  private final IntentQueue queue;
  private final Compensator compensator;
  private final GroupOffset groupOffset;
  private final Backoff backoff = new Backoff(FIRST_WAIT, LONGEST_WAIT);
  private final EngineCounters counters = new EngineCounters();
  private final long gateOffset;
  private LongConsumer visibleListener = offset -> {};

  private Phase phase = Phase.RECOVER;
  private ReplicaState durable;
  private volatile Position applied; // read by any thread, written by the engine's
  private Position touched;
  private long zeroedBytes;
  private boolean settled;
  private boolean recounted;
  private boolean running;
  private boolean identityPending;
  private long lastWorkNanos;

  // After a failure: smaller batches, nothing dropped, until this offset is behind us.
  private int maxIntents;
  private int triedIntents;
  private long retryUntilOffset;

  // What compensate() has to do: null, nothing to give back; null, nobody to tell.
  private String compensationCause;
  private Fault pending;
  private Fault fault;

  /**
   * Takes over an opened image and a source that stands at its applied position.
   *
   * @param state what the image's newest slot says
   */
  ApplyEngine(
      Settings settings,
      ReplicaImage image,
      ReplicaState state,
      IntentSource source,
      CompensationLog log,
      Ticker ticker) {
    this.settings = settings;
    this.image = image;
    this.ticker = ticker;
    this.durable = state;
    this.applied = state.applied();
    this.touched = state.minRecovery();
    this.gateOffset = state.isBetweenPoints() ? state.minRecovery().nextOffset() : 0;
    this.planner = new BatchPlanner(settings.limits(), image.clusterSizeBytes());
    this.queue =
        new IntentQueue(source, settings.limits().maxQueuedBytes(), applied, state.minRecovery());
    this.compensator = new Compensator(image, log, ticker);
    this.groupOffset = new GroupOffset(log, ticker, GROUP_COMMIT_EVERY);
    this.maxIntents = settings.limits().maxIntents();
    this.lastWorkNanos = ticker.nanos();
  }

  /** Hears each rise of {@link #visibleOffset}, on the engine's thread. */
  void onVisible(LongConsumer listener) {
    visibleListener = listener;
  }

  /** One batch, one recovery step, one try: whatever comes next. */
  Outcome step() {
    if (phase == Phase.FAILED) {
      return Outcome.FAILED;
    }
    if (phase == Phase.REACHED) {
      return Outcome.REACHED;
    }
    if (waitNanos() > 0) {
      return Outcome.WAITING;
    }
    try {
      return switch (phase) {
        case RECOVER -> recover();
        case COMPENSATE -> compensate();
        case RUN -> run();
        case REACHED, FAILED -> throw new IllegalStateException(phase.name());
      };
    } catch (IOException | ApplierException e) {
      return failed(e);
    }
  }

  private Outcome recover() throws IOException, ApplierException {
    if (!recounted) {
      if (settings.rewriteMetadata()) {
        image.rewriteMetadata();
      }
      RecoveryReport report = image.recover();
      recounted = true;
      counters.recoveredClusters = report.excessClusters();
      compensationCause = report.wasClean() ? null : "unclean stop";
      identityPending = settings.identityIsNew();
    }
    if (identityPending && compensationCause == null) { // else the give-back writes it
      image.commit(durable.encode());
    }
    identityPending = false;
    compensator.load(durable);
    phase = Phase.COMPENSATE;
    return Outcome.PROGRESSED;
  }

  /** Cleans the image between two tries; then waits, ends, or goes on. */
  private Outcome compensate() throws IOException, ApplierException {
    giveBack();
    if (pending != null) {
      fault = pending.sameAs(fault);
      // Zero leaks in FAULTED: frees still pending are drained, the window is given back.
      settle();
      if (settings.failFast() || !pending.retriable()) {
        phase = Phase.FAILED;
        return Outcome.FAILED;
      }
      backoff.begin(ticker.nanos());
      pending = null;
    }
    phase = Phase.RUN;
    return Outcome.PROGRESSED;
  }

  private void giveBack() throws IOException, ApplierException {
    if (compensationCause != null) {
      compensator.giveBack(durable, compensationCause);
      compensationCause = null;
    }
    if (compensator.markDone(durable.applied().nextOffset())) {
      groupOffset.committed(durable.applied().nextOffset());
    }
  }

  private Outcome run() throws IOException, ApplierException {
    running = true;
    groupOffset.commitIfDue(durable.applied().nextOffset());
    if (applied.nextOffset() >= settings.untilOffset()) {
      return reached();
    }
    queue.fill(settings.poll());
    if (queue.isEmpty()) {
      return idle();
    }
    long promised = durable.minRecovery().nextOffset();
    long head = queue.head().offset();
    long limit =
        head < promised ? Math.min(promised, settings.untilOffset()) : settings.untilOffset();
    return switch (plan(limit)) {
      case BatchPlanner.Nothing _ -> reached();
      case BatchPlanner.Alone alone -> applyAlone(alone.entry());
      case BatchPlanner.Changes batch -> {
        if (!batch.changes().isEmpty() && head >= promised) {
          promise();
        }
        yield applyBatch(batch);
      }
    };
  }

  private BatchPlanner.Plan plan(long limit) {
    BatchPlanner.Mode mode =
        isRetrying() ? BatchPlanner.Mode.EXACT : BatchPlanner.Mode.DROP_OVERWRITTEN;
    return planner.plan(queue, applied, zeroedBytes, limit, maxIntents, mode);
  }

  /** Step 0: what the coming batches may touch is durable before they touch it. */
  private void promise() throws IOException {
    triedIntents = 1;
    writeSlot(applied, planner.promise(queue, applied, settings.untilOffset()));
  }

  private Outcome applyBatch(BatchPlanner.Changes planned) throws IOException {
    Position end = planned.after();
    Position reach =
        planned.atBoundary()
            ? end
            : planner.promise(queue.skipping(planned.entries()), end, settings.untilOffset());
    if (!planned.changes().isEmpty()) {
      Position highest = planned.zeroedBytes() == 0 ? end : behindPart(planned);
      if (highest.nextOffset() > durable.minRecovery().nextOffset()) {
        throw new IllegalStateException(
            "a batch up to %d above the promise %d"
                .formatted(highest.nextOffset(), durable.minRecovery().nextOffset()));
      }
      requireInside(planned);
      touched = later(touched, highest);
      triedIntents = planned.intents();
      settled = false;
      Batch batch = image.begin(planned.changes());
      batch.allocate();
      batch.writeData();
      batch.barrier();
      batch.link();
      // Counts only what the last fdatasync made durable: this batch's data comes with this one.
      writeSlot(applied, reach);
      counters.batches++;
    }
    applied = end;
    zeroedBytes = planned.zeroedBytes();
    counters.intents += planned.intents();
    counters.bytes += planned.bytes();
    queue.remove(planned.entries());
    advanced();
    triedIntents = 1;
    image.release();
    return Outcome.PROGRESSED;
  }

  private void requireInside(BatchPlanner.Changes planned) throws JournalException {
    for (GuestChange change : planned.changes()) {
      if (change.end() > image.virtualSizeBytes()) {
        throw new JournalException(
            JournalException.Code.INCONSISTENT,
            "below offset %d: guest bytes %d to %d of a disk of %d"
                .formatted(
                    planned.after().nextOffset(),
                    change.offset().bytes(),
                    change.end(),
                    image.virtualSizeBytes()));
      }
    }
  }

  /** Behind the ZERO that a batch does a part of. */
  private Position behindPart(BatchPlanner.Changes planned) {
    return queue.skipping(planned.entries()).iterator().next().after();
  }

  /** SNAPSHOT and RESIZE: everything before is settled, their own position durable before more. */
  private Outcome applyAlone(JournalEntry entry) throws IOException {
    touched = later(touched, entry.after());
    triedIntents = 1;
    settleAt(applied, entry.after());
    settled = false;
    switch (entry.record().intent()) {
      case Intent.SnapshotCreate create -> image.createSnapshot(spec(create, entry));
      case Intent.SnapshotDelete _, Intent.SnapshotRevert _, Intent.Resize _ ->
          throw unsupported(entry);
      case Intent.Write _,
          Intent.Zero _,
          Intent.Flush _,
          Intent.Mark _,
          Intent.Epoch _,
          Intent.Heartbeat _ ->
          throw new IllegalStateException("not alone: " + entry);
    }
    writeSlot(entry.after(), entry.after());
    applied = entry.after();
    counters.intents++;
    queue.remove(1);
    advanced();
    return Outcome.PROGRESSED;
  }

  private SnapshotSpec spec(Intent.SnapshotCreate create, JournalEntry entry) {
    byte[] position = new SnapshotPosition(durable.volume(), entry.after()).encode();
    Instant time = Instant.ofEpochMilli(entry.record().timestampMillis());
    // Two of one name are no reason to stop: the later one says where it was taken, the same in
    // every replica.
    boolean taken =
        image.snapshots().stream()
            .anyMatch(
                other ->
                    other.name().equals(create.name())
                        && !other.uuid().equals(Optional.of(create.id())));
    String name = taken ? create.name() + "@" + entry.offset() : create.name();
    return new SnapshotSpec(create.id(), name, time, position);
  }

  private JournalException unsupported(JournalEntry entry) {
    String what = entry.record().intent().getClass().getSimpleName();
    return new JournalException(
        JournalException.Code.UNSUPPORTED_RECORD,
        "offset " + entry.offset() + ": this version does not apply " + what);
  }

  private void advanced() {
    lastWorkNanos = ticker.nanos();
    recovered();
    visibleListener.accept(visibleOffset());
  }

  /** A failure is over when everything that it may have left half done has been done again. */
  private void recovered() {
    if (!isRetrying()) {
      maxIntents = settings.limits().maxIntents();
      fault = null;
      backoff.reset();
    }
  }

  private Outcome idle() throws IOException, ApplierException {
    recovered();
    if (zeroedBytes == 0 && !durable.applied().equals(applied)) {
      writeSlot(applied, later(applied, touched));
      image.release();
      groupOffset.commitIfDue(durable.applied().nextOffset());
      return Outcome.PROGRESSED;
    }
    if (!settled && ticker.nanos() - lastWorkNanos >= SETTLE_AFTER.toNanos()) {
      settle();
    }
    return Outcome.IDLE;
  }

  private Outcome reached() throws IOException, ApplierException {
    triedIntents = 1;
    settle();
    groupOffset.commit(durable.applied().nextOffset());
    fault = null;
    phase = Phase.REACHED;
    return Outcome.REACHED;
  }

  /**
   * Everything applied is durable and counted, nothing is set aside, no free is pending. Legal
   * between steps, and not while a failed try waits for its compensation.
   */
  void settle() throws IOException {
    if (!settled) {
      settleAt(applied, later(applied, touched));
      settled = true;
    }
  }

  private void settleAt(Position newApplied, Position newMinRecovery) throws IOException {
    ReplicaState next = durable.at(newApplied, newMinRecovery);
    image.settle(next.encode());
    durable = next;
  }

  private void writeSlot(Position newApplied, Position newMinRecovery) throws IOException {
    ReplicaState next = durable.at(newApplied, later(newMinRecovery, touched));
    image.commit(next.encode());
    durable = next;
  }

  /**
   * The last act of a run that is asked to stop: settles if it can. An image that can't be settled
   * is left for the next start to recover.
   */
  void stop() throws IOException, ApplierException {
    if (phase == Phase.RECOVER && !recounted) {
      return; // nothing was written yet, and nothing may be before the recount
    }
    if (phase == Phase.RECOVER || phase == Phase.COMPENSATE) {
      giveBack();
    }
    if (phase != Phase.FAILED) {
      settle();
      groupOffset.commit(durable.applied().nextOffset());
    }
  }

  private Outcome failed(Exception cause) {
    counters.faults++;
    settled = false;
    Fault next = Faults.of(cause, settings.image(), ticker.now());
    boolean ofImage = cause instanceof IOException && !(cause instanceof JournalException);
    if (phase == Phase.RUN && !isCorrupt(cause)) {
      beginCompensation(next, ofImage);
      return Outcome.PROGRESSED;
    }
    // Recovery or a compensation: the same step again, later.
    fault = next.sameAs(fault);
    if (!next.retriable() || settings.failFast()) {
      phase = Phase.FAILED;
      return Outcome.FAILED;
    }
    backoff.begin(ticker.nanos());
    return Outcome.WAITING;
  }

  /** An image that contradicts itself is not written to any more, not even to clean it. */
  private static boolean isCorrupt(Exception cause) {
    return cause instanceof Qcow2Exception e
        && (e.code() == Qcow2Exception.Code.CORRUPT || e.code() == Qcow2Exception.Code.TRUNCATED);
  }

  private void beginCompensation(Fault next, boolean ofImage) {
    phase = Phase.COMPENSATE;
    pending = next;
    if (!ofImage) {
      return; // the image is as it should be: nothing to give back, compensate() settles it
    }
    compensationCause = next.reason();
    retryUntilOffset = Math.max(retryUntilOffset, touched.nextOffset());
    if (triedIntents > 1 && next.retriable() && !settings.failFast()) {
      maxIntents = Math.max(1, Math.min(maxIntents, triedIntents) / SHRINK);
      pending = null; // smaller batches first; an operator hears of it when they did not help
    }
  }

  private boolean isRetrying() {
    return applied.nextOffset() < retryUntilOffset;
  }

  private static Position later(Position a, Position b) {
    return a.nextOffset() >= b.nextOffset() ? a : b;
  }

  /** Until the next try; 0: none is being waited for. */
  long waitNanos() {
    return backoff.remainingNanos(ticker.nanos());
  }

  Optional<Fault> fault() {
    return Optional.ofNullable(fault);
  }

  /** Counted by the slot on disk. */
  Position durableApplied() {
    return durable.applied();
  }

  /** What the newest slot says. */
  ReplicaState durableState() {
    return durable;
  }

  /** Everything below shows in reads. */
  long visibleOffset() {
    return applied.nextOffset();
  }

  /** No read and no POINT below it; 0: there is none. */
  long gateOffset() {
    return gateOffset;
  }

  /** Whether it has not begun to apply. */
  boolean isRecovering() {
    return !running;
  }

  /** Behind the last entry fetched. */
  Position fetched() {
    return queue.tail();
  }

  /** When the oldest entry not applied was written; 0: none is fetched. */
  long oldestMillis() {
    return queue.isEmpty() ? 0 : queue.head().record().timestampMillis();
  }

  EngineCounters counters() {
    counters.compensations = compensator.executed();
    counters.compensatedClusters = compensator.executedClusters();
    return counters;
  }
}
