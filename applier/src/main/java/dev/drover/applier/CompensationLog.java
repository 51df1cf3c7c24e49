package dev.drover.applier;

import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Where one replica publishes its compensations and the group offset that lag tools look at.
 *
 * <p>What an implementation promises:
 *
 * <ul>
 *   <li><b>Atomic.</b> Each call is one transaction: after it returned, all of it is committed and
 *       seen by every reader; after a throw, all of it or nothing.
 *   <li><b>Repeatable.</b> After a throw the same call may be made again, any number of times, and
 *       ends in the same state.
 *   <li><b>One owner.</b> Opening a log for a replica fences every earlier one of the same replica;
 *       their calls fail with {@link ApplierException.Code#FENCED} from then on.
 *   <li><b>Bounded.</b> A call returns or throws {@link ApplierException.Code#LOG_UNAVAILABLE}
 *       within the adapter's timeout; it never waits for ever.
 *   <li><b>Threads.</b> One thread calls.
 * </ul>
 */
public interface CompensationLog extends AutoCloseable {

  /** This replica's own compensations that are OPEN, in the order they were published. */
  List<Compensation> open() throws ApplierException;

  /**
   * Publishes an OPEN compensation, before any of its clusters is freed. A repetition of an id
   * keeps the union of the clusters.
   */
  void publish(Compensation compensation) throws ApplierException;

  /**
   * Marks compensations DONE and sets the group offset, in one transaction, after their clusters
   * are freed.
   *
   * @param offset the durable slot's applied offset: never past a failed intent
   */
  void doneAndCommit(List<Compensation> compensations, long offset) throws ApplierException;

  /** The group offset as it is; empty when none was ever set. */
  OptionalLong committed() throws ApplierException;

  /** Sets the group offset: the durable slot's applied offset. */
  void commit(long offset) throws ApplierException;

  @Override
  void close();

  /** Opens the log of one replica, once it is known who it is. */
  @FunctionalInterface
  interface Opener {
    CompensationLog open(String replica, UUID incarnation) throws ApplierException;
  }
}
