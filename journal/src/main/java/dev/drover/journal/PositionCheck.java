package dev.drover.journal;

import static dev.drover.journal.JournalException.Code.TRIMMED;
import static dev.drover.journal.JournalException.Code.TRUNCATED;

import java.nio.ByteBuffer;

/** Whether a position still fits the journal that it was taken from. Pure; two steps. */
public final class PositionCheck {
  private PositionCheck() {}

  /**
   * Step one: does the journal still have the position, and the record just below it?
   *
   * @param begin its first offset
   * @param end the offset behind its last record
   * @throws JournalException TRIMMED, TRUNCATED
   */
  public static void range(String journal, Position position, long begin, long end)
      throws JournalException {
    long next = position.nextOffset();
    if (begin > 0 && next <= begin) {
      // At exactly the beginning nothing is missing, but nothing can be proven either.
      throw new JournalException(
              TRIMMED,
              "the position is %d, and the journal begins at %d: what is below is gone"
                  .formatted(next, begin))
          .at(journal, next);
    }
    if (next > end) {
      throw new JournalException(
              TRUNCATED, "the position is %d, and the journal ends at %d".formatted(next, end))
          .at(journal, next);
    }
  }

  /**
   * Step two, unless the position is {@link Position#START}: is the record just below it the one
   * that was there?
   *
   * @throws JournalException TRUNCATED, or what {@link RecordCodec#decode} throws
   */
  public static void below(String journal, Position position, int leaderEpoch, ByteBuffer value)
      throws JournalException {
    long offset = position.nextOffset() - 1;
    try {
      RecordCodec.decode(value);
    } catch (JournalException e) {
      throw e.at(journal, offset);
    }
    int crc = RecordCodec.headerCrc(value);
    boolean sameLeader =
        leaderEpoch == position.leaderEpoch() || leaderEpoch < 0 || position.leaderEpoch() < 0;
    if (crc != position.headerCrc() || !sameLeader) {
      throw new JournalException(
              TRUNCATED,
              "another record is here now: checksum %08x of leader epoch %d, it was %08x of %d"
                  .formatted(crc, leaderEpoch, position.headerCrc(), position.leaderEpoch()))
          .at(journal, offset);
    }
  }
}
