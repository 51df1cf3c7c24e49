package dev.drover.journal;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;

/**
 * What the guest, or an operator, asked of a volume: the content of one journal record. It names
 * guest offsets only, never a cluster, so that every replica may place the data as it likes.
 *
 * <p>Intents are values. The data of a {@link Write} is not copied: whoever hands a buffer over
 * must not change its bytes afterwards.
 */
public sealed interface Intent {

  /** Bytes of guest data in this intent; what {@link JournalRecord#totalPayloadBytes} sums up. */
  default long dataBytes() {
    return 0;
  }

  /**
   * The guest wrote {@code data} at {@code guestOffset}.
   *
   * @param data from its position to its limit; never empty. {@link #data()} gives a duplicate, so
   *     readers never disturb one another's position.
   */
  record Write(long guestOffset, ByteBuffer data) implements Intent {
    /** Checks the range and takes a slice, so that the caller's position and limit stay its own. */
    public Write {
      data = data.slice();
      checkRange(guestOffset, data.remaining());
    }

    @Override
    public ByteBuffer data() {
      return data.duplicate();
    }

    /** Length of the data in bytes. */
    public int length() {
      return data.remaining();
    }

    @Override
    public long dataBytes() {
      return data.remaining();
    }
  }

  /**
   * The range reads as zeroes from here on. A guest's TRIM is one of these too (see {@link
   * Chunker}): what a replica reads after it must not depend on the replica.
   *
   * @param keep the guest forbade a hole (NBD's NO_HOLE): replicas keep the space allocated
   */
  record Zero(long guestOffset, long length, boolean keep) implements Intent {
    /** Checks the range. */
    public Zero {
      checkRange(guestOffset, length);
    }
  }

  /** The guest asked for a flush; a record of what it could rely on, and nothing to apply. */
  record Flush() implements Intent {}

  /** Every replica takes an internal snapshot at exactly this place. */
  record SnapshotCreate(UUID id, String name) implements Intent {
    /** Checks the name. */
    public SnapshotCreate {
      Objects.requireNonNull(id, "id");
      JournalNames.check(name);
    }
  }

  /** Every replica drops the snapshot with this id. */
  record SnapshotDelete(UUID id, String name) implements Intent {
    /** Checks the name. */
    public SnapshotDelete {
      Objects.requireNonNull(id, "id");
      JournalNames.check(name);
    }
  }

  /** The guest's content becomes that of the snapshot with this id. */
  record SnapshotRevert(UUID id, String name) implements Intent {
    /** Checks the name. */
    public SnapshotRevert {
      Objects.requireNonNull(id, "id");
      JournalNames.check(name);
    }
  }

  /** The volume has this many bytes from here on. */
  record Resize(long sizeBytes) implements Intent {
    /** Checks the size. */
    public Resize {
      if (sizeBytes <= 0) {
        throw new IllegalArgumentException("size is " + sizeBytes);
      }
    }
  }

  /** A named place in the journal; nothing to apply. */
  record Mark(String name) implements Intent {
    /** Checks the name. */
    public Mark {
      JournalNames.check(name);
    }
  }

  /**
   * A writer's term begins; the number of the epoch is the offset of this record.
   *
   * @param nonce how the writer recognises its own record among others that race for the next term
   * @param host where the writer runs, for people and for hints
   * @param imageIncarnation of the writer's local replica, or {@link #NO_IMAGE} for a verb that
   *     takes an epoch for one record
   * @param image path of that replica on {@code host}, or empty
   * @param leaseMillis how long the writer answers reads on one proof that it is the only one,
   *     which its successor waits for; 0: it answers none without a proof of its own
   */
  record Epoch(UUID nonce, String host, UUID imageIncarnation, String image, long leaseMillis)
      implements Intent {
    /** The incarnation of a writer that has no image. */
    public static final UUID NO_IMAGE = new UUID(0, 0);

    /** Longest host or image string that a record can carry, in UTF-8 bytes. */
    public static final int MAX_TEXT_BYTES = 4096;

    /** Longest lease: a successor waits for it. */
    public static final long MAX_LEASE_MILLIS = 60_000;

    /** The epoch of a writer that holds no lease. */
    public Epoch(UUID nonce, String host, UUID imageIncarnation, String image) {
      this(nonce, host, imageIncarnation, image, 0);
    }

    /** Checks that the strings fit a record, and that the lease can be waited for. */
    public Epoch {
      Objects.requireNonNull(nonce, "nonce");
      Objects.requireNonNull(imageIncarnation, "imageIncarnation");
      JournalNames.checkText(host, MAX_TEXT_BYTES);
      JournalNames.checkText(image, MAX_TEXT_BYTES);
      if (leaseMillis < 0 || leaseMillis > MAX_LEASE_MILLIS) {
        throw new IllegalArgumentException("a lease of " + leaseMillis + " ms");
      }
    }
  }

  /**
   * The writer of this epoch is alive; nothing to apply.
   *
   * @param closing the writer says goodbye: nothing of its epoch follows, and nobody need wait for
   *     its heartbeat to grow old
   */
  record Heartbeat(boolean closing) implements Intent {}

  private static void checkRange(long guestOffset, long length) {
    if (guestOffset < 0 || length <= 0 || guestOffset > Long.MAX_VALUE - length) {
      throw new IllegalArgumentException("guest range " + guestOffset + "+" + length);
    }
  }
}
