package dev.drover.qcow2;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * One entry of the image's snapshot table.
 *
 * @param id the short number that qemu-img shows
 * @param name what people call it
 * @param uuid present when Drover made the snapshot
 * @param time when it says it was taken
 * @param virtualSizeBytes the disk's size at that time
 * @param extra Drover's opaque bytes; empty when another program made the snapshot
 */
public record SnapshotInfo(
    String id,
    String name,
    Optional<UUID> uuid,
    Instant time,
    long virtualSizeBytes,
    byte[] extra) {

  /** Copies the extra bytes. */
  public SnapshotInfo {
    extra = extra.clone();
  }

  @Override
  public byte[] extra() {
    return extra.clone();
  }
}
