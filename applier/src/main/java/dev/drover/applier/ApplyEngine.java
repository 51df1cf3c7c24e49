package dev.drover.applier;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.qcow2.GuestChange;
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
 * <p>What counts as applied, and what a slot may say of it, is {@link EnginePosition}'s; when the
 * process dies at any line of this class, the image's own position is where the next one goes on.
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

  private final Settings settings;
  private final ReplicaImage image;
  private final Ticker ticker;
  private final BatchPlanner planner;
  private final IntentQueue queue;
  private final Compensator compensator;
  private final GroupOffset groupOffset;
  private final EnginePosition position;
  private final Retry retry;
  private final Backoff backoff = new Backoff(FIRST_WAIT, LONGEST_WAIT);
  private final EngineCounters counters = new EngineCounters();
  private final long gateOffset;
  private LongConsumer visibleListener = offset -> {};

  private Phase phase = Phase.RECOVER;
  private long zeroedBytes;
  private boolean recounted;
  private boolean running;
  private boolean identityPending;
  private long lastWorkNanos;

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
    this.position = new EnginePosition(image, state);
    this.gateOffset = state.isBetweenPoints() ? state.minRecovery().nextOffset() : 0;
    this.planner = new BatchPlanner(settings.limits(), image.clusterSizeBytes());
    this.queue =
        new IntentQueue(
            source, settings.limits().maxQueuedBytes(), state.applied(), state.minRecovery());
    this.compensator = new Compensator(image, log, ticker);
    this.groupOffset = new GroupOffset(log, ticker, GROUP_COMMIT_EVERY);
    this.retry = new Retry(settings.limits().maxIntents());
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
      position.commitIdentity();
    }
    identityPending = false;
    compensator.load(position.durable());
    groupOffset.load();
    phase = Phase.COMPENSATE;
    return Outcome.PROGRESSED;
  }

  /** Cleans the image between two tries; then waits, ends, or goes on. */
  private Outcome compensate() throws IOException, ApplierException {
    giveBack();
    if (pending != null) {
      fault = pending.sameAs(fault);
      // Zero leaks in FAULTED: frees still pending are drained, the window is given back.
      position.settle();
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
      compensator.giveBack(position.durable(), compensationCause);
      position.wroteSlot();
      compensationCause = null;
    }
    long offset = position.durable().applied().nextOffset();
    if (compensator.hasExecuted()) {
      if (groupOffset.isNews(offset)) {
        position.vouch();
      }
      compensator.markDone(offset);
      groupOffset.committed(offset);
    }
  }

  private Outcome run() throws IOException, ApplierException {
    running = true;
    tellKafka();
    if (position.applied().nextOffset() >= settings.untilOffset()) {
      return reached();
    }
    queue.fill(settings.poll());
    if (queue.isEmpty()) {
      return idle();
    }
    long promised = position.durable().minRecovery().nextOffset();
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
    return planner.plan(queue, position.applied(), zeroedBytes, limit, retry.maxIntents(), mode);
  }

  /** Step 0: what the coming batches may touch is durable before they touch it. */
  private void promise() throws IOException {
    Position applied = position.applied();
    position.commit(applied, planner.promise(queue, applied, settings.untilOffset()));
  }

  private Outcome applyBatch(BatchPlanner.Changes planned) throws IOException {
    Position end = planned.after();
    Position reach =
        planned.atBoundary()
            ? end
            : planner.promise(queue.skipping(planned.entries()), end, settings.untilOffset());
    if (!planned.changes().isEmpty()) {
      requireInside(planned);
      position.touch(planned.zeroedBytes() == 0 ? end : behindPart(planned));
      retry.trying(planned.intents());
      Batch batch = image.begin(planned.changes());
      batch.allocate();
      batch.writeData();
      batch.barrier();
      batch.link();
      // Counts only what the last fdatasync made durable: this batch's data comes with this one.
      position.commit(position.applied(), reach);
      retry.trying(1);
      counters.batches++;
    }
    zeroedBytes = planned.zeroedBytes();
    counters.intents += planned.intents();
    counters.bytes += planned.bytes();
    queue.remove(planned.entries());
    advanced(end);
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
    position.settleBefore(entry.after());
    switch (entry.record().intent()) {
      case Intent.SnapshotCreate create -> image.createSnapshot(spec(create, entry));
      case Intent.SnapshotDelete delete -> image.deleteSnapshot(delete.id());
      case Intent.SnapshotRevert revert -> image.revertSnapshot(revert.id());
      case Intent.Resize resize -> image.resize(resize.sizeBytes());
      case Intent.Write _,
          Intent.Zero _,
          Intent.Flush _,
          Intent.Mark _,
          Intent.Epoch _,
          Intent.Heartbeat _ ->
          throw new IllegalStateException("not alone: " + entry);
    }
    position.commit(entry.after(), entry.after());
    counters.intents++;
    queue.remove(1);
    advanced(entry.after());
    return Outcome.PROGRESSED;
  }

  private SnapshotSpec spec(Intent.SnapshotCreate create, JournalEntry entry) {
    byte[] extra = new SnapshotPosition(position.durable().volume(), entry.after()).encode();
    Instant time = Instant.ofEpochMilli(entry.record().timestampMillis());
    return new SnapshotSpec(create.id(), create.name(), time, extra);
  }

  private void advanced(Position to) {
    position.advance(to);
    lastWorkNanos = ticker.nanos();
    recovered();
    visibleListener.accept(visibleOffset());
  }

  /** A failure is over when everything that it may have left half done has been done again. */
  private void recovered() {
    if (!isRetrying()) {
      retry.over();
      fault = null;
      backoff.reset();
    }
  }

  private boolean isRetrying() {
    return retry.isOn(position.applied().nextOffset());
  }

  private Outcome idle() throws IOException, ApplierException {
    recovered();
    if (!position.isCounted()) {
      position.commit(position.applied(), position.applied());
      image.release();
      tellKafka();
      return Outcome.PROGRESSED;
    }
    if (!position.isSettled() && ticker.nanos() - lastWorkNanos >= SETTLE_AFTER.toNanos()) {
      position.settle();
    }
    return Outcome.IDLE;
  }

  private Outcome reached() throws IOException, ApplierException {
    position.settle();
    tellKafkaNow();
    fault = null;
    phase = Phase.REACHED;
    return Outcome.REACHED;
  }

  private void tellKafka() throws IOException, ApplierException {
    if (groupOffset.isDue(position.durable().applied().nextOffset())) {
      tellKafkaNow();
    }
  }

  private void tellKafkaNow() throws IOException, ApplierException {
    long offset = position.durable().applied().nextOffset();
    if (groupOffset.isNews(offset)) {
      position.vouch();
      groupOffset.commit(offset);
    }
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
      position.settle();
    }
  }

  /** After {@link #stop}: the group offset, unless nobody heard the last one either. */
  void lastReport() throws IOException, ApplierException {
    if (position.isSettled() && !groupOffset.isUnheard()) {
      tellKafkaNow();
    }
  }

  private Outcome failed(Exception cause) {
    counters.faults++;
    position.unsettled();
    Fault next = Faults.of(cause, settings.image(), ticker.now());
    boolean ofImage = cause instanceof IOException && !(cause instanceof JournalException);
    if (phase == Phase.RUN && !Faults.isCorrupt(cause)) {
      beginCompensation(next, ofImage);
      return Outcome.PROGRESSED;
    }
    // Recovery or a compensation: the same step again, later.
    fault = next.after(compensationCause).sameAs(fault);
    if (!next.retriable() || settings.failFast()) {
      phase = Phase.FAILED;
      return Outcome.FAILED;
    }
    backoff.begin(ticker.nanos());
    return Outcome.WAITING;
  }

  private void beginCompensation(Fault next, boolean ofImage) {
    phase = Phase.COMPENSATE;
    pending = next;
    if (!ofImage) {
      return; // the image is as it should be: nothing to give back, compensate() settles it
    }
    compensationCause = next.reason();
    retry.failed(position.touched().nextOffset());
    if (next.retriable() && !settings.failFast() && retry.shrink()) {
      pending = null; // smaller batches first; an operator hears of it when they did not help
    }
    retry.trying(1);
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
    return position.durable().applied();
  }

  /** What the newest slot says. */
  ReplicaState durableState() {
    return position.durable();
  }

  /** Everything below shows in reads. */
  long visibleOffset() {
    return position.applied().nextOffset();
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
