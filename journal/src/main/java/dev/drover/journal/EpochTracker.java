package dev.drover.journal;

import static dev.drover.journal.JournalException.Code.FOREIGN_RECORD;
import static dev.drover.journal.JournalException.Code.INCONSISTENT;
import static dev.drover.journal.JournalException.Code.LOST;
import static dev.drover.journal.JournalException.Code.OFFSET_HOLE;
import static dev.drover.journal.JournalException.Code.RECREATED;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * Decides, record by record, what of a journal counts. Pure: no I/O, no clock, so that every reader
 * (source, writer, dump) judges alike, and all of it can be tried on paper.
 *
 * <p>The rules, for the record at offset <i>i</i> that names epoch <i>e</i>:
 *
 * <ol>
 *   <li>An EPOCH record opens epoch <i>i</i>; from here only that epoch's records count.
 *   <li>A record of the current epoch with the sequence that is due counts. Its time must not be
 *       below, and its total must be exactly on top of, what came before: INCONSISTENT.
 *   <li>The first record of the current epoch with any other sequence ends the epoch. It and all
 *       that follows are void <i>once a later EPOCH exists</i>. Until then nothing behind the break
 *       is judged for good: a reader waits there, <b>stalled</b>, for the missing record may still
 *       be known to a writer, who will append it again in its next epoch.
 *   <li>A record of an epoch that is over is void.
 *   <li>A void record of the epoch that ended last (or just broke off) whose {@code acked} reaches
 *       the first sequence that did not count proves that an acknowledged record is gone: LOST.
 *   <li>A record that names an epoch which never began is INCONSISTENT; one of another volume is
 *       FOREIGN_RECORD; a gap or a repetition in the offsets is OFFSET_HOLE; a Kafka leader epoch
 *       below its predecessor's is RECREATED.
 * </ol>
 *
 * <p>Rule 5 looks back one epoch only. That is what fits a {@link Position}, and so the verdict on
 * a record does not depend on where a reader started.
 *
 * <p>Why a broken tail is read twice: a tail may be long, and whether it is void shows only at its
 * end. Instead of keeping it in memory the tracker looks through it ({@link Held}), and when the
 * next EPOCH turns up, asks for it again ({@link Reread}).
 *
 * <p>A thrown fault leaves the tracker as it was: the same record gives the same fault again.
 */
public final class EpochTracker {
  /** What to do with a record. */
  public sealed interface Verdict permits Emit, Held, Reread {}

  /** It is judged for good. */
  public record Emit(JournalEntry entry) implements Verdict {}

  /** It lies in a broken tail that nothing has ended yet: go on reading, return nothing. */
  public record Held() implements Verdict {}

  /** The broken tail is over: go back and present the records from this offset again. */
  public record Reread(long offset) implements Verdict {}

  private record Step(boolean counts, Position after) {}

  private static final Held HELD = new Held();

  private final UUID volume;
  private Position position;

  /** How far a broken tail was looked through; null while there is none. */
  private Position scanned;

  /** An EPOCH record is known to be at this offset, so a break below it is judged for good. */
  private long healedBelow = -1;

  /** Starts at a position of this volume's journal. */
  public EpochTracker(UUID volume, Position from) {
    this.volume = volume;
    this.position = from;
  }

  /** Behind the last record that was emitted. */
  public Position position() {
    return position;
  }

  /** The offset of the record that has to be presented next. */
  public long nextOffset() {
    return scanned != null ? scanned.nextOffset() : position.nextOffset();
  }

  /** The broken tail that is being looked through, if there is one. */
  public Optional<IntentSource.Stall> stall() {
    if (scanned == null) {
      return Optional.empty();
    }
    boolean breaksHere = position.epoch() >= 0;
    return Optional.of(
        new IntentSource.Stall(
            position.nextOffset(),
            breaksHere ? position.epoch() : position.endedEpoch(),
            breaksHere ? position.nextSequence() : position.endedSequence(),
            scanned.nextOffset()));
  }

  /**
   * Judges the next record.
   *
   * @param offset where it is
   * @param leaderEpoch Kafka's leader epoch of it, or -1
   * @param value its bytes, or null
   * @throws JournalException any fault of the journal, without a place ({@link
   *     JournalException#at})
   */
  public Verdict accept(long offset, int leaderEpoch, ByteBuffer value) throws JournalException {
    if (offset != nextOffset()) {
      throw new JournalException(
          OFFSET_HOLE, "the next record should be at offset " + nextOffset());
    }
    if (value == null) {
      throw new JournalException(
          JournalException.Code.DAMAGED_RECORD, "damaged record: it is empty");
    }
    JournalRecord record = RecordCodec.decode(value);
    return accept(offset, leaderEpoch, RecordCodec.headerCrc(value), record);
  }

  private Verdict accept(long offset, int leaderEpoch, int crc, JournalRecord record)
      throws JournalException {
    if (scanned != null) {
      Step step = judge(scanned, leaderEpoch, crc, record);
      if (!step.counts()) {
        scanned = step.after();
        return HELD;
      }
      healedBelow = offset; // only an EPOCH record can count behind a break
      scanned = null;
      return new Reread(position.nextOffset());
    }
    Step step = judge(position, leaderEpoch, crc, record);
    if (isBroken(step.after()) && offset >= healedBelow) {
      scanned = step.after();
      return HELD;
    }
    position = step.after();
    return new Emit(new JournalEntry(offset, record, step.counts(), position));
  }

  private static boolean isBroken(Position p) {
    return p.epoch() < 0 && p.endedEpoch() >= 0;
  }

  private Step judge(Position p, int leaderEpoch, int crc, JournalRecord record)
      throws JournalException {
    if (!record.volume().equals(volume)) {
      throw new JournalException(
          FOREIGN_RECORD, "a record of volume " + record.volume() + ", this is " + volume);
    }
    if (leaderEpoch >= 0 && leaderEpoch < p.leaderEpoch()) {
      throw new JournalException(
          RECREATED, "leader epoch " + leaderEpoch + " after " + p.leaderEpoch());
    }
    if (record.intent() instanceof Intent.Epoch) {
      return new Step(true, p.pastEpoch(leaderEpoch, crc, record.timestampMillis()));
    }
    if (record.epoch() == p.epoch()) {
      return record.sequence() == p.nextSequence()
          ? counted(p, leaderEpoch, crc, record)
          : broken(p, leaderEpoch, crc, record);
    }
    if (record.epoch() > Math.max(p.epoch(), p.endedEpoch())) {
      throw new JournalException(
          INCONSISTENT,
          "a record of epoch %d, which never began; the last one is %d"
              .formatted(record.epoch(), Math.max(p.epoch(), p.endedEpoch())));
    }
    if (record.epoch() == p.endedEpoch() && record.acked() >= p.endedSequence()) {
      throw lost(record, p.endedSequence());
    }
    return new Step(false, p.pastVoid(leaderEpoch, crc));
  }

  private static Step counted(Position p, int leaderEpoch, int crc, JournalRecord record)
      throws JournalException {
    if (record.timestampMillis() < p.timestampMillis()) {
      throw new JournalException(
          INCONSISTENT,
          "time runs backwards: %d after %d"
              .formatted(record.timestampMillis(), p.timestampMillis()));
    }
    long total = p.totalPayloadBytes() + record.intent().dataBytes();
    if (record.totalPayloadBytes() != total) {
      throw new JournalException(
          INCONSISTENT,
          "running total %d, it should be %d".formatted(record.totalPayloadBytes(), total));
    }
    return new Step(true, p.pastCounted(leaderEpoch, crc, total, record.timestampMillis()));
  }

  private static Step broken(Position p, int leaderEpoch, int crc, JournalRecord record)
      throws JournalException {
    if (record.acked() >= p.nextSequence()) {
      throw lost(record, p.nextSequence());
    }
    return new Step(false, p.pastBreak(leaderEpoch, crc));
  }

  private static JournalException lost(JournalRecord record, long missing) {
    return new JournalException(
        LOST,
        "epoch %d: sequence %d was acknowledged (a later record says up to %d) and is not there"
            .formatted(record.epoch(), missing, record.acked()));
  }
}
