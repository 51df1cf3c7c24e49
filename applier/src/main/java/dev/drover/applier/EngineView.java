package dev.drover.applier;

import dev.drover.journal.ReplicaStatus.ImageWitness;
import dev.drover.journal.ReplicaStatus.State;
import java.util.Optional;

/**
 * What the engine's thread last said of itself: immutable, so that any thread may read it while the
 * engine is held up in a sync or a broker.
 *
 * @param recovering it has not begun to apply
 * @param stallReason why the journal has nothing to give although it goes on; null if it has
 * @param syncFailed the image has a failed fdatasync that nothing has made up for
 * @param clean the image is at a point of the journal, with exact refcounts
 * @param witness what the file looked like then; null if it could not be asked
 * @param bytesBehind payload bytes between the applied offset and the journal's end
 * @param oldestMillis when the oldest record not applied was written; 0: none is known
 */
record EngineView(
    boolean recovering,
    Optional<Fault> fault,
    String stallReason,
    boolean syncFailed,
    boolean clean,
    ImageWitness witness,
    long appliedOffset,
    long visibleOffset,
    long logEndOffset,
    long bytesBehind,
    long oldestMillis,
    long intents,
    long bytes,
    long batches,
    long compensations,
    long compensatedClusters,
    long faults,
    long recoveredClusters,
    long progressNanos) {

  // Behind by less than this, a replica that follows counts as RUNNING.
  private static final double CATCHING_UP_SECONDS = 5;

  long lagRecords() {
    return Math.max(0, logEndOffset - appliedOffset);
  }

  long lagBytes() {
    return lagRecords() == 0 ? 0 : bytesBehind;
  }

  /** How long the oldest unapplied record has been waiting. */
  double lagSeconds(long nowMillis) {
    return lagRecords() == 0 || oldestMillis == 0
        ? 0
        : Math.max(0, nowMillis - oldestMillis) / 1000.0;
  }

  /** What it is doing, unless it is FAULTED. */
  State state(long gateOffset, long nowMillis) {
    if (recovering) {
      return State.STARTING;
    }
    if (stallReason != null) {
      return State.STALLED;
    }
    boolean behind =
        visibleOffset < gateOffset
            || (lagRecords() > 0 && lagSeconds(nowMillis) > CATCHING_UP_SECONDS);
    return behind ? State.CATCHING_UP : State.RUNNING;
  }
}
