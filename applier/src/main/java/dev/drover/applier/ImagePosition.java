package dev.drover.applier;

import dev.drover.journal.Position;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.replica.ReplicaImage;
import dev.drover.qcow2.replica.SlotState;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/**
 * What an image that nobody is applying to says of itself, for programs that only look.
 *
 * @param volume the volume that the image follows
 * @param incarnation who this image is
 * @param replica the replica's name
 * @param applied everything below is durable in the image
 * @param minRecovery the image holds no effect of an intent at or above this
 * @param clean whether it was stopped in order
 */
public record ImagePosition(
    UUID volume,
    UUID incarnation,
    String replica,
    Position applied,
    Position minRecovery,
    boolean clean) {

  /**
   * Reads the newest slot; writes nothing and leaves the file open. Any thread.
   *
   * @throws Qcow2Exception also POSITION_LOST, when this version can't read what the slot says
   */
  public static ImagePosition read(BlockFile image) throws IOException {
    SlotState slot = ReplicaImage.open(image).slot();
    try {
      return of(slot.payload(), slot.clean());
    } catch (IllegalArgumentException e) {
      throw new Qcow2Exception(
          Qcow2Exception.Code.POSITION_LOST,
          image.name(),
          "its position can't be read: " + e.getMessage(),
          "upgrade this host's Drover, or build the replica anew");
    }
  }

  /**
   * What a position slot says, whoever has written to the image since.
   *
   * @throws IllegalArgumentException when its payload is none that this version can read
   */
  public static ImagePosition of(byte[] payload, boolean clean) {
    ReplicaState state = ReplicaState.decode(payload);
    return new ImagePosition(
        state.volume(),
        state.incarnation(),
        state.replica(),
        state.applied(),
        state.minRecovery(),
        clean);
  }

  /**
   * Whether the content is exactly the journal below {@link #applied}: no effect of a later intent
   * can be in it. The slot's clean flag does not say so: it stays up while clusters are merely
   * overwritten.
   */
  public boolean isAtPoint() {
    return applied.nextOffset() >= minRecovery.nextOffset();
  }

  /** The position that a snapshot of Drover's carries; empty when it has none. */
  public static Optional<Position> of(SnapshotInfo snapshot) {
    return SnapshotPosition.decode(snapshot.extra()).map(SnapshotPosition::position);
  }
}
