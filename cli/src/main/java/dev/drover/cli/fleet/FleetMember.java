package dev.drover.cli.fleet;

import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaReport;
import dev.drover.cli.http.FollowedVolume;
import dev.drover.cli.session.FailureReport;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.ReplicaStatus;
import dev.drover.nbd.GatewayStats;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One volume among others, on a thread of its own. What cannot go on is tried again when its cause
 * may pass by itself, after a wait that doubles; else it stays where it is, FAULTED, until the
 * process ends. All methods may be called by any thread.
 */
final class FleetMember implements Seat {
  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final Target target;
  private final Work work;
  private final Listener listener;
  private final StopSignals stop = StopSignals.fromInside();
  private final Thread thread;

  private volatile Supplier<ReplicaReport> replica;
  private volatile Supplier<GatewayStats> gateway;
  private volatile CommandFailure failure;
  private volatile boolean retrying;
  private volatile int exit;
  private volatile Replica kept;

  /** Hears of a member on that member's thread. */
  interface Listener {
    /** It cannot be opened, or go on, for a reason that was not said before. */
    void troubled(FleetMember member, CommandFailure why);

    /** It is open after it could not be. */
    void resumed(FleetMember member);
  }

  FleetMember(Target target, Work work, Listener listener) {
    this.target = target;
    this.work = work;
    this.listener = listener;
    this.thread = Thread.ofVirtual().name("volume-" + target.volume()).unstarted(this::live);
  }

  void start() {
    thread.start();
  }

  Target target() {
    return target;
  }

  /** Asks it to end; returns at once. */
  void stop() {
    stop.request(Exit.TERMINATED);
  }

  boolean isOver() {
    return !thread.isAlive();
  }

  /** Waits for its end, which {@link #stop} has asked for; false when it takes too long. */
  boolean join(Duration max) throws InterruptedException {
    return thread.join(max);
  }

  /** A replica that was kept because it is FAULTED says goodbye. */
  synchronized void release() {
    Replica faulted = kept;
    kept = null;
    if (faulted != null) {
      faulted.close();
    }
  }

  /** How its work ended: 0 if it did all, else what a process of its own would have said. */
  int exit() {
    return failure == null || retrying ? exit : failure.exit();
  }

  Optional<CommandFailure> failure() {
    return Optional.ofNullable(failure);
  }

  /** Whether a replica of its own tells the registry. */
  boolean speaksForItself() {
    return kept != null || replica != null && thread.isAlive();
  }

  /** What there is to say of it. */
  FollowedVolume view() {
    Supplier<ReplicaReport> reports = replica;
    Supplier<GatewayStats> stats = gateway;
    return new FollowedVolume(
        target.volume(),
        target.image(),
        Optional.ofNullable(reports).map(Supplier::get),
        Optional.ofNullable(stats).map(Supplier::get),
        Optional.ofNullable(failure));
  }

  @Override
  public void opened(Supplier<ReplicaReport> reports) {
    boolean again = failure != null;
    replica = reports;
    failure = null;
    retrying = false;
    if (again) {
      listener.resumed(this);
    }
  }

  @Override
  public void serving(Supplier<GatewayStats> stats) {
    gateway = stats;
  }

  @Override
  public void leave(Replica left) {
    gateway = null;
    boolean faulted = left.report().state() == ReplicaStatus.State.FAULTED;
    if (faulted && left.done().isDone() && !stop.requested()) {
      kept = left;
    } else {
      left.close();
    }
  }

  private void live() {
    long wait = FIRST_WAIT.toMillis();
    while (!stop.requested()) {
      try {
        exit = work.run(stop, this);
        return;
      } catch (Exception | Error e) {
        if (stop.requested()) {
          return; // stopped while it had yet to open: nothing was wrong
        }
        boolean again = e instanceof Exception && Recurrence.mayPass(e);
        note(NoRoom.of(e, target.image()).orElseGet(() -> FailureReport.of(e)), again);
        if (!again) {
          return;
        }
      }
      replica = null;
      release(); // FAULTED no more: another one follows
      try {
        stop.await(wait, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        return;
      }
      wait = Math.min(2 * wait, LONGEST_WAIT.toMillis());
    }
  }

  private void note(CommandFailure now, boolean again) {
    boolean known = failure != null && failure.code().equals(now.code());
    failure = now;
    retrying = again;
    if (!known || !again) {
      listener.troubled(this, now);
    }
  }
}
