package dev.drover.qcow2;

import java.time.Instant;
import java.util.UUID;

/**
 * An internal snapshot to be made. The UUID makes creation idempotent: an image that already holds
 * a snapshot with it is left as it is.
 *
 * @param uuid who the snapshot is, whatever its name; kept in the snapshot table entry's extra data
 * @param name what people call it; also shown by qemu-img
 * @param time what the table entry says about its time
 * @param extra opaque bytes kept beside the UUID (at most 600), e.g. the position it was taken at
 */
public record SnapshotSpec(UUID uuid, String name, Instant time, byte[] extra) {

  /** What fits into a table entry beside everything else. */
  public static final int MAX_EXTRA_BYTES = 600;

  /** Copies the extra bytes and checks the limits of the format. */
  public SnapshotSpec {
    extra = extra.clone();
    if (extra.length > MAX_EXTRA_BYTES) {
      throw new IllegalArgumentException("snapshot extra data of " + extra.length + " bytes");
    }
    if (name.isEmpty() || name.length() > 255) {
      throw new IllegalArgumentException("a snapshot name of " + name.length() + " characters");
    }
  }

  @Override
  public byte[] extra() {
    return extra.clone();
  }
}
