package dev.drover.journal;

import java.nio.ByteBuffer;

/**
 * A place between two records of a journal, with all that is needed to go on from there and to
 * recognise that it still is the same journal below.
 *
 * <p>Fixed binary form, big-endian, for an image's position slot (no checksum of its own: the slot
 * has one):
 *
 * <pre>
 *   0   8  nextOffset           offset of the next record to read
 *   8   4  leaderEpoch          Kafka leader epoch of the record just below; -1 unknown
 *  12   4  headerCrc            header CRC32C of the record just below; 0 at the start
 *  16   8  epoch                the epoch whose records count; -1 none
 *  24   8  nextSequence         which sequence of that epoch comes next
 *  32   8  endedEpoch           the epoch that ended last; -1 none
 *  40   8  endedSequence        first sequence of it that did not count
 *  48   8  totalPayloadBytes    of the records that count, up to here
 *  56   8  timestampMillis      highest of the records that count, up to here
 *  64
 * </pre>
 *
 * @param nextOffset offset of the next record to read; everything below has been read
 * @param leaderEpoch Kafka's leader epoch of the record just below, or -1
 * @param headerCrc header CRC of the record just below, or 0 at the start
 * @param epoch the epoch whose records count from here, or -1: none does until the next EPOCH
 * @param nextSequence the sequence with which that epoch goes on
 * @param endedEpoch the epoch that ended last, or -1: a late record of it can prove a loss
 * @param endedSequence the first sequence of {@code endedEpoch} that did not count
 * @param totalPayloadBytes bytes of guest data below
 * @param timestampMillis the latest time stamped below, or 0
 */
public record Position(
    long nextOffset,
    int leaderEpoch,
    int headerCrc,
    long epoch,
    long nextSequence,
    long endedEpoch,
    long endedSequence,
    long totalPayloadBytes,
    long timestampMillis) {
  /** Length of the binary form. */
  public static final int BYTES = 64;

  /** Before the first record of any journal. */
  public static final Position START = new Position(0, -1, 0, -1, 0, -1, 0, 0, 0);

  /** Checks what a position alone can show. */
  public Position {
    if (nextOffset < 0
        || leaderEpoch < -1
        || epoch < -1
        || epoch >= nextOffset
        || nextSequence < 0
        || endedEpoch < -1
        || (endedEpoch >= 0 && epoch >= 0 && endedEpoch >= epoch)
        || endedEpoch >= nextOffset
        || endedSequence < 0
        || totalPayloadBytes < 0
        || timestampMillis < 0) {
      throw new IllegalArgumentException("not a position: next offset " + nextOffset);
    }
  }

  /** Whether the record just below this place is, as far as both know, the same one. */
  public boolean sameRecordBelow(Position other) {
    return nextOffset == other.nextOffset
        && headerCrc == other.headerCrc
        && (leaderEpoch == other.leaderEpoch || leaderEpoch == -1 || other.leaderEpoch == -1);
  }

  /** Behind the EPOCH record that is here. */
  Position pastEpoch(int itsLeaderEpoch, int itsCrc, long itsTimestamp) {
    boolean running = epoch >= 0;
    return new Position(
        nextOffset + 1,
        itsLeaderEpoch,
        itsCrc,
        nextOffset,
        0,
        running ? epoch : endedEpoch,
        running ? nextSequence : endedSequence,
        totalPayloadBytes,
        // Its writer stamped it before it had read the last of its predecessor's records.
        Math.max(timestampMillis, itsTimestamp));
  }

  /** Behind the record that is here and counts. */
  Position pastCounted(int itsLeaderEpoch, int itsCrc, long itsTotal, long itsTimestamp) {
    return new Position(
        nextOffset + 1,
        itsLeaderEpoch,
        itsCrc,
        epoch,
        nextSequence + 1,
        endedEpoch,
        endedSequence,
        itsTotal,
        itsTimestamp);
  }

  /** Behind the record that is here and breaks the sequence of its epoch. */
  Position pastBreak(int itsLeaderEpoch, int itsCrc) {
    return new Position(
        nextOffset + 1,
        itsLeaderEpoch,
        itsCrc,
        -1,
        0,
        epoch,
        nextSequence,
        totalPayloadBytes,
        timestampMillis);
  }

  /** Behind the record that is here and does not count. */
  Position pastVoid(int itsLeaderEpoch, int itsCrc) {
    return new Position(
        nextOffset + 1,
        itsLeaderEpoch,
        itsCrc,
        epoch,
        nextSequence,
        endedEpoch,
        endedSequence,
        totalPayloadBytes,
        timestampMillis);
  }

  /** Appends the {@link #BYTES} of the binary form. */
  public void encode(ByteBuffer to) {
    to.putLong(nextOffset).putInt(leaderEpoch).putInt(headerCrc);
    to.putLong(epoch).putLong(nextSequence).putLong(endedEpoch).putLong(endedSequence);
    to.putLong(totalPayloadBytes).putLong(timestampMillis);
  }

  /**
   * Takes the {@link #BYTES} of the binary form.
   *
   * @throws IllegalArgumentException if they are not a position
   */
  public static Position decode(ByteBuffer from) {
    return new Position(
        from.getLong(),
        from.getInt(),
        from.getInt(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong());
  }
}
