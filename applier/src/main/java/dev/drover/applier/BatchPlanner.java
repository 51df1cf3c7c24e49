package dev.drover.applier;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.Position;
import dev.drover.qcow2.GuestChange;
import java.util.List;
import java.util.Objects;

/**
 * Cuts the fetched part of a journal into batches. Pure: what comes out depends on the arguments
 * alone.
 *
 * <p>What a batch holds:
 *
 * <ul>
 *   <li>whole intents in journal order, up to the limits, at least one; a ZERO of more clusters
 *       than a batch may touch is cut into parts, and the position stays before it until the last;
 *   <li>only what lies below {@code limitOffset}: the durable promise, and the requested POINT
 *       (I-31);
 *   <li>nothing behind a MARK or an EPOCH, which end it; SNAPSHOT and RESIZE are not in it at all
 *       but {@link Alone} (I-32);
 *   <li>each guest byte once: the last intent's. In {@link Mode#EXACT}, for retries, nothing is
 *       dropped: the batch ends before an intent that overwrites an earlier one's bytes.
 * </ul>
 */
final class BatchPlanner {

  /** Whether overwritten bytes may be dropped. */
  enum Mode {
    DROP_OVERWRITTEN,
    EXACT
  }

  /** What to do next. */
  sealed interface Plan {}

  /** Nothing fetched lies below the limit. */
  record Nothing() implements Plan {}

  /**
   * One batch.
   *
   * @param changes may be empty: then only the position moves
   * @param entries how many journal entries it takes whole off the queue's head
   * @param zeroedBytes how far it comes in the entry behind those, a ZERO; 0: does not touch it
   * @param intents how many of the entries are valid intents
   * @param bytes payload bytes of those
   * @param after the position behind the entries
   * @param atBoundary the last entry is a MARK or EPOCH: no promise may cross {@code after}
   */
  record Changes(
      List<GuestChange> changes,
      int entries,
      long zeroedBytes,
      int intents,
      long bytes,
      Position after,
      boolean atBoundary)
      implements Plan {}

  /** A SNAPSHOT or RESIZE at the queue's head: everything before it must be settled. */
  record Alone(JournalEntry entry) implements Plan {}

  private enum Kind {
    CHANGES,
    ENDS_BATCH,
    ALONE
  }

  private final BatchLimits limits;
  private final int clusterBytes;

  BatchPlanner(BatchLimits limits, int clusterBytes) {
    this.limits = Objects.requireNonNull(limits);
    this.clusterBytes = clusterBytes;
  }

  /**
   * Plans the next batch.
   *
   * @param queue what is fetched and not applied, in order
   * @param from the position in front of the queue
   * @param zeroedBytes how many bytes of the first entry, a ZERO, earlier batches have done
   * @param limitOffset nothing at or above it
   * @param maxIntents as in the limits, or fewer for a retry
   */
  Plan plan(
      Iterable<JournalEntry> queue,
      Position from,
      long zeroedBytes,
      long limitOffset,
      int maxIntents,
      Mode mode) {
    Draft draft = new Draft(from, zeroedBytes, maxIntents, mode);
    for (JournalEntry entry : queue) {
      if (entry.offset() >= limitOffset) {
        break;
      }
      Kind kind = kind(entry);
      if (kind == Kind.ALONE) {
        if (draft.entries == 0) {
          return new Alone(entry);
        }
        break;
      }
      if (!draft.take(entry)) {
        break;
      }
      if (kind == Kind.ENDS_BATCH) {
        draft.atBoundary = true;
        break;
      }
    }
    return draft.toPlan();
  }

  /**
   * How far a promise written now may reach: to the end of what is fetched, but across no boundary
   * and not beyond {@code limitOffset}.
   */
  Position promise(Iterable<JournalEntry> queue, Position from, long limitOffset) {
    Position reach = from;
    for (JournalEntry entry : queue) {
      Kind kind = kind(entry);
      if (entry.offset() >= limitOffset || kind == Kind.ALONE) {
        break;
      }
      reach = entry.after();
      if (kind == Kind.ENDS_BATCH) {
        break;
      }
    }
    return reach;
  }

  private static Kind kind(JournalEntry entry) {
    if (!entry.valid()) {
      return Kind.CHANGES; // void: whatever it says, it only moves the position
    }
    return switch (entry.record().intent()) {
      case Intent.Write _, Intent.Zero _, Intent.Flush _, Intent.Heartbeat _ -> Kind.CHANGES;
      case Intent.Mark _, Intent.Epoch _ -> Kind.ENDS_BATCH;
      case Intent.SnapshotCreate _,
          Intent.SnapshotDelete _,
          Intent.SnapshotRevert _,
          Intent.Resize _ ->
          Kind.ALONE;
    };
  }

  /** A batch in the making. */
  private final class Draft {
    private final ChangeSet changes = new ChangeSet();
    private final int maxIntents;
    private final Mode mode;
    private Position after;
    private long headZeroed;
    private int entries;
    private int intents;
    private long bytes;
    private long clusters;
    private long partBytes;
    private boolean atBoundary;

    Draft(Position from, long headZeroed, int maxIntents, Mode mode) {
      this.after = from;
      this.headZeroed = headZeroed;
      this.maxIntents = maxIntents;
      this.mode = mode;
    }

    /** Returns whether the whole entry is in. */
    boolean take(JournalEntry entry) {
      if (entry.valid()) {
        boolean whole =
            switch (entry.record().intent()) {
              case Intent.Write write -> takeWrite(write);
              case Intent.Zero zero -> takeZero(zero);
              case Intent.Flush _, Intent.Mark _, Intent.Epoch _, Intent.Heartbeat _ -> true;
              case Intent.SnapshotCreate _,
                  Intent.SnapshotDelete _,
                  Intent.SnapshotRevert _,
                  Intent.Resize _ ->
                  throw new IllegalStateException("not alone: " + entry);
            };
        if (!whole) {
          return false;
        }
        intents++;
      }
      headZeroed = 0;
      entries++;
      after = entry.after();
      return true;
    }

    private boolean takeWrite(Intent.Write write) {
      int length = write.data().remaining();
      if (!fits(write.guestOffset(), length, length)) {
        return false;
      }
      changes.write(write.guestOffset(), write.data());
      bytes += length;
      clusters += clusters(write.guestOffset(), length);
      return true;
    }

    private boolean takeZero(Intent.Zero zero) {
      long start = zero.guestOffset() + headZeroed;
      long end = zero.guestOffset() + zero.length();
      if (!fits(start, end - start, 0)) {
        return false;
      }
      // Aligned, so that no cluster is zeroed in two halves that neither could unlink.
      long most = (start / clusterBytes + limits.maxClusters()) * clusterBytes;
      boolean whole = end <= most;
      long length = Math.min(end, most) - start;
      changes.zero(start, length, zero.keep());
      clusters += clusters(start, length);
      if (!whole) {
        partBytes = headZeroed + length;
      }
      return whole;
    }

    private boolean fits(long start, long length, long payload) {
      if (entries == 0) {
        return true; // at least one, whatever the limits
      }
      return intents < maxIntents
          && bytes + payload <= limits.maxBytes()
          && clusters + clusters(start, length) <= limits.maxClusters()
          && !(mode == Mode.EXACT && changes.overlaps(start, start + length));
    }

    private long clusters(long start, long length) {
      return length == 0 ? 0 : (start + length - 1) / clusterBytes - start / clusterBytes + 1;
    }

    Plan toPlan() {
      return entries == 0 && partBytes == 0
          ? new Nothing()
          : new Changes(changes.toList(), entries, partBytes, intents, bytes, after, atBoundary);
    }
  }
}
