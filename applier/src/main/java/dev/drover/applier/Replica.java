package dev.drover.applier;

import dev.drover.applier.ApplierException.Code;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.qcow2.GuestOffset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One image that follows a journal, on a thread of its own: opened or made, locked, checked,
 * applied to, and registered with a heartbeat every 5 s. All methods may be called by any thread.
 */
public final class Replica implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(30);
  // One per process: how two processes of one replica are told apart in the registry.
  private static final UUID INSTANCE = UUID.randomUUID();

  private final VolumeDescriptor volume;
  private final LocalHost host;
  private final Ticker ticker;
  private final EngineRun run;
  private final Heartbeat heartbeat;
  private final Thread thread;
  private final CompletableFuture<ApplySummary> done = new CompletableFuture<>();
  private final List<LongConsumer> listeners = new CopyOnWriteArrayList<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile boolean stopping;
  private volatile boolean ended;
  private volatile boolean silent;
  private volatile Why stopped = new Why(null, null);
  private boolean wasBehind;
  private boolean saidFault;
  private ReplicaStatus.State lastState = ReplicaStatus.State.STARTING;

  /** Why it was closed, for who looks at the registry later; nulls: there is nothing to say. */
  private record Why(String reason, String hint) {}

  private Replica(VolumeDescriptor volume, ReplicaPorts ports, Ticker ticker, EngineRun run) {
    this.volume = volume;
    this.host = ports.host();
    this.ticker = ticker;
    this.run = run;
    String name = volume.name() + "-" + run.replica();
    this.heartbeat = new Heartbeat(name, ports.registry(), this::status, ticker::nanos);
    this.thread = Thread.ofPlatform().name("drover-apply-" + name).unstarted(this::apply);
    run.engine().onVisible(this::visibleRose);
  }

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
    return start(volume, options, ports, Ticker.SYSTEM);
  }

  static Replica start(
      VolumeDescriptor volume, ReplicaOptions options, ReplicaPorts ports, Ticker ticker)
      throws ApplierException, IOException {
    Objects.requireNonNull(volume, "volume");
    OpenImage open = null;
    try {
      open =
          new ImageOpener(
                  volume,
                  options,
                  ports.files(),
                  ports.host(),
                  Optional.of(ports.registry()),
                  ticker)
              .open(options.image(), options.image(), ports.source());
      CompensationLog log = ports.logs().open(open.state().replica(), open.state().incarnation());
      EngineRun run = new EngineRun(volume, options, open, ports.source(), log, ticker);
      Replica replica = new Replica(volume, ports, ticker, run);
      replica.heartbeat.start();
      replica.heartbeat.wake();
      replica.thread.start();
      return replica;
    } catch (ApplierException | IOException | RuntimeException e) {
      if (open != null) {
        open.close();
      }
      ports.source().close();
      throw e;
    }
  }

  private void apply() {
    try {
      ApplyEngine.Outcome outcome = ApplyEngine.Outcome.PROGRESSED;
      while (!stopping
          && outcome != ApplyEngine.Outcome.REACHED
          && outcome != ApplyEngine.Outcome.FAILED) {
        outcome = run.step();
        tellOfChange();
        if (outcome == ApplyEngine.Outcome.WAITING) {
          pause(run.engine().waitNanos());
        }
      }
      if (outcome != ApplyEngine.Outcome.REACHED && outcome != ApplyEngine.Outcome.FAILED) {
        stopEngine();
      }
      end(outcome == ApplyEngine.Outcome.FAILED ? run.failure() : null);
    } catch (RuntimeException | Error e) {
      LOG.error("replica {}: stopped by a defect", run.replica(), e);
      run.defect(e);
      end(run.failure());
    }
  }

  private void stopEngine() {
    try {
      run.stop();
    } catch (IOException | ApplierException e) {
      LOG.warn(
          "replica {}: left as after a crash, the next start recovers it: {}",
          run.replica(),
          e.getMessage());
    }
  }

  private void end(ApplierException failure) {
    ended = true;
    if (failure == null) {
      silent = true;
      // The last word and the last offset at once: each may have to wait for a broker. And before
      // the image is free for a next process, whose words they must not overwrite.
      heartbeat.finish(true);
      run.lastReport();
      heartbeat.close();
    }
    try {
      run.close();
    } catch (IOException | RuntimeException e) {
      LOG.warn("replica {}: closing: {}", run.replica(), e.getMessage());
    }
    signal();
    if (failure == null) {
      done.complete(run.summary());
    } else {
      heartbeat.letGo(); // FAULTED is said until somebody closes this replica
      done.completeExceptionally(failure);
    }
  }

  /** After the applying thread: a replica that has ended FAULTED has still to say goodbye. */
  private void endHeartbeat() {
    if (!silent) {
      silent = true;
      heartbeat.finish(!isFenced());
      heartbeat.close();
    }
  }

  private boolean isFenced() {
    return run.fault().map(fault -> fault.code().equals(Code.FENCED.name())).orElse(false);
  }

  private void tellOfChange() {
    ReplicaReport now = run.report();
    boolean arrived = now.lagRecords() == 0 && wasBehind;
    wasBehind = now.lagRecords() > 0;
    ReplicaStatus.State state = now.state();
    if (state == lastState) {
      if (arrived) {
        heartbeat.wake(); // else the last one, of some seconds ago, would still say how far behind
      }
      return;
    }
    lastState = state;
    Optional<Fault> fault = run.fault();
    if (fault.isEmpty() && saidFault) { // as loud as the fault: who read that waits for this
      saidFault = false;
      long offset = run.view().appliedOffset();
      LOG.warn("replica {}: running again: {} at offset {}", run.replica(), state, offset);
    } else if (fault.isEmpty()) {
      LOG.info("replica {}: {} at offset {}", run.replica(), state, run.view().appliedOffset());
    } else if (fault.get().retriable()) { // else it is how this replica ends, and done() says it
      saidFault = true;
      Fault why = fault.get();
      LOG.warn("replica {}: {}: {}; {}", run.replica(), state, why.reason(), why.hint());
    }
    heartbeat.wake();
  }

  private void pause(long nanos) {
    lock.lock();
    try {
      if (!stopping) {
        changed.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      stopping = true;
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void visibleRose(long offset) {
    if (offset >= run.engine().gateOffset()) {
      listeners.forEach(listener -> listener.accept(offset));
    }
    signal();
  }

  private ReplicaStatus status() {
    ReplicaReport report = report();
    EngineView view = run.view();
    Optional<Fault> fault = report.fault();
    return new ReplicaStatus(
        report.volume(),
        report.replica(),
        report.image().toString(),
        host.name(),
        report.state(),
        report.appliedOffset(),
        report.logEndOffset(),
        report.lagRecords(),
        report.lagBytes(),
        report.lagSeconds(),
        fault
            .map(Fault::reason)
            .orElse(stopped.reason() != null ? stopped.reason() : ended ? null : run.stallReason()),
        fault.map(Fault::hint).orElse(stopped.hint()),
        ticker.now(),
        volume.uuid(),
        report.incarnation(),
        view.witness(),
        view.clean() && view.witness() != null,
        view.syncFailed(),
        host.id().toString(),
        ProcessHandle.current().pid(),
        INSTANCE,
        report.compensations(),
        silent);
  }

  /** What it is doing now. */
  public ReplicaReport report() {
    ReplicaReport report = run.report();
    boolean over = ended && report.state() != ReplicaStatus.State.FAULTED;
    return over ? report.withState(ReplicaStatus.State.STOPPED) : report;
  }

  /**
   * Fills {@code dst} with guest content.
   *
   * @throws IOException also below the gate: the image is at no point of the journal there
   */
  public void read(long offset, ByteBuffer dst) throws IOException {
    ApplyEngine engine = run.engine();
    if (ended) {
      throw new IOException("replica " + run.replica() + " has ended");
    }
    if (run.visibleOffset() < engine.gateOffset()) {
      throw new IOException(
          "replica %s is at no point of the journal below offset %d"
              .formatted(run.replica(), engine.gateOffset()));
    }
    run.image().image().read(new GuestOffset(offset), dst);
  }

  /** The disk's size in bytes now; a RESIZE or revert that is applied changes it. */
  public long sizeBytes() {
    return run.image().image().virtualSizeBytes();
  }

  /** Everything below shows in {@link #read}; 0 until the gate is passed. Never falls. */
  public long visibleOffset() {
    long visible = run.visibleOffset();
    return visible < run.engine().gateOffset() ? 0 : visible;
  }

  /** Hears each rise of {@link #visibleOffset}, on the applying thread: it must be quick. */
  public void onVisible(LongConsumer listener) {
    listeners.add(listener);
  }

  /**
   * Waits until everything below {@code offset} shows.
   *
   * @return false when the time is up
   * @throws ApplierException when the replica has ended without getting there
   */
  public boolean awaitVisible(long offset, Duration max)
      throws ApplierException, InterruptedException {
    lock.lock();
    try {
      long left = max.toNanos();
      while (visibleOffset() < offset) {
        if (ended) {
          throw run.fault().isPresent()
              ? run.failure()
              : new ApplierException(
                  Code.FAULTED,
                  "replica %s stopped at offset %d, before %d"
                      .formatted(run.replica(), visibleOffset(), offset),
                  "start it again");
        }
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Completes when the replica has ended: with a summary when it reached its POINT or was closed;
   * with an {@link ApplierException} when a fault ended it. The image is free then; but a FAULTED
   * one goes on saying so in the registry until {@link #close}.
   */
  public CompletableFuture<ApplySummary> done() {
    return done.copy();
  }

  /** What it has done so far. */
  public ApplySummary summary() {
    return run.summary();
  }

  /** {@link #close}, and lets the registry say why: what it was needed for could not go on. */
  public void close(String reason, String hint) {
    stopped = new Why(reason, hint);
    close();
  }

  /**
   * Stops: finishes the batch under way, gives back what is set aside, leaves a clean slot, says
   * STOPPED in the registry, closes everything. At most 30 s; an image that could not be settled by
   * then is recovered by the next start. Idempotent.
   */
  @Override
  public synchronized void close() {
    stopping = true;
    run.stopSoon();
    signal();
    try {
      if (!thread.join(STOP_WITHIN)) {
        LOG.warn(
            "replica {}: did not stop within {} s; the next start recovers it",
            run.replica(),
            STOP_WITHIN.toSeconds());
        return;
      }
      endHeartbeat();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
