package dev.drover.applier;

import dev.drover.journal.Position;
import dev.drover.qcow2.replica.ReplicaImage;
import java.io.IOException;

/**
 * Where an image is, as the disk counts it and as memory does. The only place that writes slots, so
 * that what holds between the four is held in one place:
 *
 * <pre>
 *   durable.applied  ≤  applied  ≤  …  and  touched  ≤  durable.minRecovery
 *
 *   durable.applied  the slot on disk counts it; all that Kafka is ever told             (I-35)
 *   applied          end of the last committed batch: its data is durable, its slot comes with
 *                    the next fdatasync
 *   touched          no effect of an intent at or above it is in the image               (I-31)
 * </pre>
 */
final class EnginePosition {

  private final ReplicaImage image;
  private ReplicaState durable;
  private volatile Position applied; // read by any thread
  private Position touched;
  private boolean slotIsOurs;
  private boolean settled;

  EnginePosition(ReplicaImage image, ReplicaState state) {
    this.image = image;
    this.durable = state;
    this.applied = state.applied();
    this.touched = state.minRecovery();
  }

  ReplicaState durable() {
    return durable;
  }

  /** Any thread. */
  Position applied() {
    return applied;
  }

  Position touched() {
    return touched;
  }

  /** A batch whose last intent ends here is about to leave its effects. */
  void touch(Position end) {
    if (end.nextOffset() > durable.minRecovery().nextOffset()) {
      throw new IllegalStateException(
          "a batch up to %d above the promise %d"
              .formatted(end.nextOffset(), durable.minRecovery().nextOffset()));
    }
    touched = later(touched, end);
    settled = false;
  }

  /** A batch was committed. */
  void advance(Position to) {
    applied = to;
    settled = false;
  }

  /** A try failed: whatever was settled may not be any more. */
  void unsettled() {
    settled = false;
  }

  /** Writes and syncs a slot that counts {@code newApplied} and promises {@code newMinRecovery}. */
  void commit(Position newApplied, Position newMinRecovery) throws IOException {
    ReplicaState next = durable.at(newApplied, later(newMinRecovery, touched));
    image.commit(next.encode());
    slotIsOurs = true;
    durable = next;
  }

  /** Makes {@code durable} as it is the slot: its identity is new. */
  void commitIdentity() throws IOException {
    commit(durable.applied(), durable.minRecovery());
  }

  /** Whether the slot counts everything that is applied. */
  boolean isCounted() {
    return durable.applied().equals(applied);
  }

  /** Everything applied is counted, nothing is set aside, no free is pending. */
  void settle() throws IOException {
    if (!settled) {
      settleAt(later(applied, touched));
      settled = true;
    }
  }

  /** The same, with a promise for one intent that stands alone, up to {@code end}. */
  void settleBefore(Position end) throws IOException {
    settleAt(later(end, touched));
    touched = later(touched, end);
    settled = false;
  }

  private void settleAt(Position newMinRecovery) throws IOException {
    ReplicaState next = durable.at(applied, newMinRecovery);
    image.settle(next.encode());
    slotIsOurs |= !next.equals(durable); // an equal one may have been there, and not written
    durable = next;
  }

  boolean isSettled() {
    return settled;
  }

  /** A give-back has written the durable state again. */
  void wroteSlot() {
    slotIsOurs = true;
  }

  /**
   * A slot that was only read may be in the page cache alone: a killed process, or a failed
   * fdatasync, can have left it there. Nobody is told of it before this process has written one.
   */
  void vouch() throws IOException {
    if (!slotIsOurs) {
      commit(durable.applied(), durable.minRecovery());
    }
  }

  static Position later(Position a, Position b) {
    return a.nextOffset() >= b.nextOffset() ? a : b;
  }
}
