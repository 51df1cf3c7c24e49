package dev.drover.system.applier;

import dev.drover.applier.ApplierException;
import dev.drover.applier.Compensation;
import dev.drover.applier.CompensationLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A log whose broker goes away just before a step of a compensation. */
final class OutageLog extends ForwardingCompensationLog {
  private final Plan plan;

  OutageLog(CompensationLog log, Plan plan) {
    super(log);
    this.plan = plan;
  }

  /** Before which call. */
  enum Step {
    PUBLISH,
    DONE
  }

  /** When the broker goes away next, and what came of it. */
  static final class Plan {
    private final Runnable stopBroker;
    private final AtomicReference<Step> next = new AtomicReference<>();
    private final Semaphore outages = new Semaphore(0);
    private final Semaphore failures = new Semaphore(0);

    Plan(Runnable stopBroker) {
      this.stopBroker = stopBroker;
    }

    void stopBefore(Step step) {
      failures.drainPermits();
      next.set(step);
    }

    void awaitOutage(Duration patience) throws InterruptedException {
      acquire(outages, patience, "no such step");
    }

    void awaitFailedCall(Duration patience) throws InterruptedException {
      acquire(failures, patience, "no call has failed");
    }

    private static void acquire(Semaphore what, Duration patience, String complaint)
        throws InterruptedException {
      if (!what.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(complaint);
      }
    }
  }

  private interface Call {
    void make() throws ApplierException;
  }

  private void through(Step step, Call call) throws ApplierException {
    if (plan.next.compareAndSet(step, null)) {
      plan.stopBroker.run();
      plan.outages.release();
    }
    try {
      call.make();
    } catch (ApplierException e) {
      plan.failures.release();
      throw e;
    }
  }

  @Override
  public void publish(Compensation compensation) throws ApplierException {
    through(Step.PUBLISH, () -> super.publish(compensation));
  }

  @Override
  public void doneAndCommit(List<Compensation> compensations, long offset) throws ApplierException {
    through(Step.DONE, () -> super.doneAndCommit(compensations, offset));
  }
}
