package dev.drover.system.applier;

import dev.drover.applier.ApplierException;
import dev.drover.applier.Compensation;
import dev.drover.applier.CompensationLog;
import java.util.List;
import java.util.OptionalLong;

/** Another log as it is, for tests that come between its steps. */
abstract class ForwardingCompensationLog implements CompensationLog {
  private final CompensationLog log;

  ForwardingCompensationLog(CompensationLog log) {
    this.log = log;
  }

  @Override
  public List<Compensation> open() throws ApplierException {
    return log.open();
  }

  @Override
  public void publish(Compensation compensation) throws ApplierException {
    log.publish(compensation);
  }

  @Override
  public void doneAndCommit(List<Compensation> compensations, long offset) throws ApplierException {
    log.doneAndCommit(compensations, offset);
  }

  @Override
  public OptionalLong committed() throws ApplierException {
    return log.committed();
  }

  @Override
  public void commit(long offset) throws ApplierException {
    log.commit(offset);
  }

  @Override
  public void close() {
    log.close();
  }
}
