package dev.drover.journal;

import dev.drover.journal.JournalException.Code;
import dev.drover.journal.LogView.Seen;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The fence: decides, from the offsets at which one epoch's records were acknowledged, which of
 * them count. Pure; driven by {@link EpochWriter}.
 *
 * <p>Kafka has no conditional append, but the offsets of a log are contiguous. So while each
 * acknowledged offset is the previous one plus one, nobody else has written, and no later EPOCH can
 * lie below. As soon as there is a gap, nothing more is settled until what lies in it was read:
 * void records of older epochs are harmless; a later EPOCH means that this writer is fenced. An
 * acknowledgement without an offset (Kafka answers a late duplicate so) is looked up first.
 *
 * <p>Everything below {@link #nextOffset} is accounted for: settled, or read and found harmless.
 */
final class AckWindow {

  /** What to do next. */
  sealed interface Verdict {}

  /** Nothing, until something is acknowledged. */
  record Idle() implements Verdict {}

  /** The record with this sequence is in the log at this offset, and counts. */
  record Settled(long sequence, long offset) implements Verdict {}

  /** Read [from, to) and hand it to {@link #looked}. */
  record Look(long from, long to) implements Verdict {}

  /** Read from {@code from} to the end and hand it to {@link #searched}. */
  record Search(long from, long sequence) implements Verdict {}

  /** Another writer has taken over: nothing more may be acknowledged. */
  record Fenced(long byEpoch, Intent.Epoch by) implements Verdict {}

  /** This epoch can't go on, a new one may. */
  record GiveUp(String why) implements Verdict {}

  /** The log is not what it was, or not Drover's alone: an operator must look. */
  record Ruined(JournalException why) implements Verdict {}

  private record Ack(long sequence, long offset) {}

  private static final Verdict IDLE = new Idle();

  private final long epoch;
  private final ArrayDeque<Ack> acks = new ArrayDeque<>();
  private long nextOffset;
  private long nextSequence;
  private Verdict end;

  /** The window of an epoch whose EPOCH record is at {@code epoch}. */
  AckWindow(long epoch) {
    this.epoch = epoch;
    this.nextOffset = epoch + 1;
  }

  /** The first offset that is not accounted for. */
  long nextOffset() {
    return nextOffset;
  }

  /** The sequence that is settled next. */
  long nextSequence() {
    return nextSequence;
  }

  /** Takes a receipt; {@link WriterLog.Receipt#UNTOLD} is a legal offset. */
  void acknowledged(long sequence, long offset) {
    long expected = acks.isEmpty() ? nextSequence : acks.getLast().sequence + 1;
    if (end == null && sequence != expected) {
      end = new GiveUp("sequence " + sequence + " was acknowledged before " + expected);
    }
    acks.add(new Ack(sequence, offset));
  }

  /** What to do next; a Settled is given once, everything else until it was done. */
  Verdict next() {
    if (end != null) {
      return end;
    }
    Ack ack = acks.peek();
    if (ack == null) {
      return IDLE;
    }
    if (ack.offset == WriterLog.Receipt.UNTOLD) {
      return new Search(nextOffset, ack.sequence);
    }
    if (ack.offset < nextOffset) {
      // The log has been cut below what it had acknowledged.
      end =
          new Ruined(
              new JournalException(
                      Code.TRUNCATED,
                      "a new record was acknowledged below offset %d, which had been reached before"
                          .formatted(nextOffset))
                  .at("", ack.offset));
      return end;
    }
    if (ack.offset > nextOffset) {
      return new Look(nextOffset, ack.offset);
    }
    acks.remove();
    nextOffset++;
    nextSequence++;
    return new Settled(ack.sequence, ack.offset);
  }

  /** Takes what {@link Look} asked for. */
  void looked(Look range, List<Seen> records) {
    end = judge(range.from, range.to, records);
    if (end == null) {
      nextOffset = range.to;
    }
  }

  /**
   * Takes what {@link Search} asked for.
   *
   * @return whether the record was there; else its place may still become visible
   */
  boolean searched(Search search, List<Seen> records) {
    for (Seen seen : records) {
      if (seen.epoch() == epoch && seen.record().sequence() == search.sequence) {
        acks.remove();
        acks.addFirst(new Ack(search.sequence, seen.offset()));
        return true;
      }
      if (isLaterEpoch(seen)) {
        end = fencedBy(seen);
        return true;
      }
    }
    return false;
  }

  /** Ends the epoch: a {@link Search} has found nothing for too long. */
  void giveUp(String why) {
    end = new GiveUp(why);
  }

  /**
   * Takes what lies in [{@link #nextOffset}, to) while nothing of this epoch was in flight when
   * {@code to} was asked for. Records of this epoch that have come since end the look; they are
   * judged when they are acknowledged.
   *
   * @return the verdict if the log shows that the writer must end, else null
   */
  Verdict watched(long to, List<Seen> records) {
    long until = to;
    for (Seen seen : records) {
      if (seen.epoch() == epoch) {
        until = Math.min(until, seen.offset());
      }
    }
    long bound = until;
    Verdict verdict =
        judge(nextOffset, bound, records.stream().filter(r -> r.offset() < bound).toList());
    if (verdict == null) {
      nextOffset = bound;
    }
    return verdict;
  }

  /**
   * After the epoch has failed: which of its unsettled records have landed below {@code to}, where
   * a new EPOCH of the same writer is. Those count; whatever follows the first missing one does
   * not, and has to be appended again.
   *
   * @return the verdict if the log shows that the writer must end, else null
   */
  Verdict landed(long to, List<Seen> records, List<Settled> settled) {
    long expected = nextOffset;
    boolean broken = false;
    List<Settled> found = new ArrayList<>();
    for (Seen seen : records) {
      if (seen.offset() != expected++) {
        return hole(expected - 1);
      }
      if (isLaterEpoch(seen)) {
        return fencedBy(seen);
      }
      if (seen.epoch() == epoch && !broken) {
        broken = seen.record().sequence() != nextSequence + found.size();
        if (!broken) {
          found.add(new Settled(seen.record().sequence(), seen.offset()));
        }
      }
    }
    if (expected != to) {
      return hole(expected);
    }
    nextOffset = to;
    nextSequence += found.size();
    settled.addAll(found);
    return null;
  }

  /** What ends this epoch, if anything in [from, to) does. */
  private Verdict judge(long from, long to, List<Seen> records) {
    long expected = from;
    for (Seen seen : records) {
      if (seen.offset() != expected++) {
        return hole(expected - 1);
      }
      if (isLaterEpoch(seen)) {
        return fencedBy(seen);
      }
      if (seen.epoch() == epoch) {
        return new GiveUp(
            "the journal has sequence %d of epoch %d at offset %d, where it can't be"
                .formatted(seen.record().sequence(), epoch, seen.offset()));
      }
    }
    return expected == to ? null : hole(expected);
  }

  private boolean isLaterEpoch(Seen seen) {
    return seen.epoch() > epoch;
  }

  private static Verdict fencedBy(Seen seen) {
    // A record of a later epoch says the same as its EPOCH, but not who it is.
    return new Fenced(
        seen.epoch(), seen.record().intent() instanceof Intent.Epoch opened ? opened : null);
  }

  private static Verdict hole(long offset) {
    return new Ruined(new JournalException(Code.OFFSET_HOLE, "there is no record").at("", offset));
  }
}
