package dev.drover.journal;

import java.util.Optional;

/** What kinds of record there are, with the numbers they have in the bytes; never renumbered. */
public enum RecordType {
  /** {@link Intent.Write}. */
  WRITE(1),
  /** {@link Intent.Zero}. */
  ZERO(2),
  /** {@link Intent.Flush}. */
  FLUSH(3),
  /** {@link Intent.SnapshotCreate}. */
  SNAPSHOT_CREATE(4),
  /** {@link Intent.SnapshotDelete}. */
  SNAPSHOT_DELETE(5),
  /** {@link Intent.SnapshotRevert}. */
  SNAPSHOT_REVERT(6),
  /** {@link Intent.Resize}. */
  RESIZE(7),
  /** {@link Intent.Mark}. */
  MARK(8),
  /** {@link Intent.Epoch}. */
  EPOCH(9),
  /** {@link Intent.Heartbeat}. */
  HEARTBEAT(10);

  private final int code;

  RecordType(int code) {
    this.code = code;
  }

  /** The number in the bytes. */
  public int code() {
    return code;
  }

  /** The type with this number, if this Drover knows it. */
  static Optional<RecordType> ofCode(int code) {
    for (RecordType type : values()) {
      if (type.code == code) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The type of record that carries this intent. */
  public static RecordType of(Intent intent) {
    return switch (intent) {
      case Intent.Write _ -> WRITE;
      case Intent.Zero _ -> ZERO;
      case Intent.Flush _ -> FLUSH;
      case Intent.SnapshotCreate _ -> SNAPSHOT_CREATE;
      case Intent.SnapshotDelete _ -> SNAPSHOT_DELETE;
      case Intent.SnapshotRevert _ -> SNAPSHOT_REVERT;
      case Intent.Resize _ -> RESIZE;
      case Intent.Mark _ -> MARK;
      case Intent.Epoch _ -> EPOCH;
      case Intent.Heartbeat _ -> HEARTBEAT;
    };
  }
}
