package dev.drover.qcow2.replica;

import dev.drover.qcow2.HostOffset;
import java.util.Optional;

/**
 * What the newest durable position slot of an image says.
 *
 * <p>{@code clean} speaks of the structure only: no window is open, no free is pending, refcounts
 * equal references. It stays up while existing clusters are merely overwritten, so a clean image
 * can still hold effects beyond {@code applied}: whether it is at one point of the journal is in
 * the payload (applied = minRecovery), never in this flag.
 *
 * @param generation rises by one with each slot written; never repeats in one image
 * @param clean refcounts are exact; false asks for {@link ReplicaImage#recover()}
 * @param window the span that the image had set aside clusters of, when this slot was written
 * @param payload the applier's own bytes, opaque to this module
 */
public record SlotState(
    long generation, boolean clean, Optional<WindowSpan> window, byte[] payload) {

  /**
   * The span a window was taken from.
   *
   * @param generation the slot generation that announced the window
   * @param start the span's first byte in the file
   * @param lengthBytes the span's length; free clusters in it, not all of it, are the window
   */
  public record WindowSpan(long generation, HostOffset start, long lengthBytes) {}

  /** Copies the payload. */
  public SlotState {
    payload = payload.clone();
  }

  @Override
  public byte[] payload() {
    return payload.clone();
  }
}
