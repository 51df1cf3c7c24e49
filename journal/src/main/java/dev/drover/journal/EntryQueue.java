package dev.drover.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What every {@link IntentSource} does with the tracker's verdicts, whatever its log is: collects
 * entries, remembers the first fault behind them, and says which record is wanted next.
 */
public final class EntryQueue {
  private final String journal;
  private final EpochTracker tracker;
  private final List<JournalEntry> ready = new ArrayList<>();
  private boolean epochReady;
  private Position drainedTo;
  private JournalException fault;

  /**
   * Starts at a position.
   *
   * @param journal the topic's name, for messages
   */
  public EntryQueue(String journal, UUID volume, Position from) {
    this.journal = journal;
    this.tracker = new EpochTracker(volume, from);
    this.drainedTo = from;
  }

  /**
   * Takes the next record.
   *
   * @return whether the record behind it is the one to offer next; if not, see {@link #faulted}, or
   *     go to {@link #nextOffset}
   */
  public boolean offer(long offset, int leaderEpoch, ByteBuffer value) {
    if (fault != null) {
      return false;
    }
    try {
      switch (tracker.accept(offset, leaderEpoch, value)) {
        case EpochTracker.Emit(JournalEntry entry) -> {
          ready.add(entry);
          epochReady |= entry.record().intent() instanceof Intent.Epoch;
        }
        case EpochTracker.Held _ -> {
          // looked at, and not returned before the tail's end is known
        }
        case EpochTracker.Reread _ -> {
          return false;
        }
      }
      return true;
    } catch (JournalException e) {
      fault = e.at(journal, offset);
      return false;
    }
  }

  /** Where to read again when the record behind the last one offered is not the one wanted. */
  public Position resumeAt() {
    return tracker.position();
  }

  /** The log itself failed for good behind the last record: nothing more is taken. */
  public void fail(JournalException why) {
    if (fault == null) {
      fault = why;
    }
  }

  /** As {@link #fail}, and what was not drained is forgotten: it may be of another journal. */
  public void abandon(JournalException why) {
    ready.clear();
    epochReady = false;
    fault = why;
  }

  /** Which record to offer next. */
  public long nextOffset() {
    return tracker.nextOffset();
  }

  /** Whether an EPOCH record is among what {@link #drain} would return. */
  public boolean epochReady() {
    return epochReady;
  }

  /** Whether nothing more is taken because of a fault. */
  public boolean faulted() {
    return fault != null;
  }

  /**
   * All entries since the last call; when there are none, the fault, if there is one.
   *
   * @throws JournalException the fault; again at each further call
   */
  public List<JournalEntry> drain() throws JournalException {
    if (ready.isEmpty()) {
      if (fault != null) {
        throw fault;
      }
      return List.of();
    }
    List<JournalEntry> entries = List.copyOf(ready);
    ready.clear();
    epochReady = false;
    drainedTo = entries.getLast().after();
    return entries;
  }

  /** Behind the last entry that {@link #drain} returned. */
  public Position position() {
    return drainedTo;
  }

  /** See {@link IntentSource#stall}. */
  public Optional<IntentSource.Stall> stall() {
    return tracker.stall();
  }
}
