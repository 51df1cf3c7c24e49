package dev.drover.journal;

import java.time.Instant;
import java.util.Objects;
import java.util.UUID;

/**
 * What a verb asks the live writer to append.
 *
 * @param requestId tells one request from its repetition
 * @param kind what to append
 * @param name the snapshot's or mark's name; null for RESIZE
 * @param uuid the snapshot's identity; null for MARK and RESIZE
 * @param sizeBytes the new size for RESIZE, else 0
 * @param time when it was asked
 */
public record ControlRequest(
    UUID requestId, Kind kind, String name, UUID uuid, long sizeBytes, Instant time) {

  /** The intents that a verb may ask for while a gateway serves the volume. */
  public enum Kind {
    SNAPSHOT_CREATE,
    SNAPSHOT_DELETE,
    MARK,
    RESIZE
  }

  public ControlRequest {
    Objects.requireNonNull(requestId, "requestId");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(time, "time");
    switch (kind) {
      case SNAPSHOT_CREATE, SNAPSHOT_DELETE -> {
        JournalNames.check(name);
        Objects.requireNonNull(uuid, "uuid");
      }
      case MARK -> JournalNames.check(name);
      case RESIZE -> {
        if (sizeBytes <= 0) {
          throw new IllegalArgumentException("size is " + sizeBytes);
        }
      }
    }
  }

  /** The request for a new snapshot. */
  public static ControlRequest snapshotCreate(UUID uuid, String name, Instant now) {
    return new ControlRequest(UUID.randomUUID(), Kind.SNAPSHOT_CREATE, name, uuid, 0, now);
  }

  /** The request to drop a snapshot. */
  public static ControlRequest snapshotDelete(UUID uuid, String name, Instant now) {
    return new ControlRequest(UUID.randomUUID(), Kind.SNAPSHOT_DELETE, name, uuid, 0, now);
  }

  /** The request for a mark. */
  public static ControlRequest mark(String name, Instant now) {
    return new ControlRequest(UUID.randomUUID(), Kind.MARK, name, null, 0, now);
  }

  /** The request for another size. */
  public static ControlRequest resize(long sizeBytes, Instant now) {
    return new ControlRequest(UUID.randomUUID(), Kind.RESIZE, null, null, sizeBytes, now);
  }

  /** What the writer appends for it. */
  public Intent intent() {
    return switch (kind) {
      case SNAPSHOT_CREATE -> new Intent.SnapshotCreate(uuid, name);
      case SNAPSHOT_DELETE -> new Intent.SnapshotDelete(uuid, name);
      case MARK -> new Intent.Mark(name);
      case RESIZE -> new Intent.Resize(sizeBytes);
    };
  }
}
