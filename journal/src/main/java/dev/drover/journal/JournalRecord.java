package dev.drover.journal;

import java.util.Objects;
import java.util.UUID;

/**
 * One record of a volume's journal: an intent with what proves its place. {@link RecordCodec} has
 * the bytes.
 *
 * @param volume the volume it belongs to
 * @param epoch offset of the EPOCH record whose writer wrote this; {@link #NONE} in an EPOCH
 *     record, whose number is its own offset
 * @param sequence counts from 0 in each epoch without a gap; {@link #NONE} in an EPOCH record. The
 *     first record after EPOCH has 0
 * @param acked highest sequence of this epoch that the writer knew to be acknowledged when it wrote
 *     this record; {@link #NONE} if it knew of none. Always below {@code sequence}
 * @param timestampMillis milliseconds since 1970 UTC, never below that of an earlier record that
 *     counts. (An EPOCH record is written before its writer has read the last of its predecessor's
 *     records, so it alone may be stamped earlier than they are; readers use the higher of the two)
 * @param totalPayloadBytes sum of {@link Intent#dataBytes} of all records that count up to and
 *     including this one, so that the distance of two records in bytes is a subtraction. In an
 *     EPOCH record it is what its writer believed, and nobody relies on it
 */
public record JournalRecord(
    UUID volume,
    long epoch,
    long sequence,
    long acked,
    long timestampMillis,
    long totalPayloadBytes,
    Intent intent) {
  /** "No such epoch" and "no such sequence". */
  public static final long NONE = -1;

  /** Checks what one record alone can show. */
  public JournalRecord {
    Objects.requireNonNull(volume, "volume");
    boolean opens = intent instanceof Intent.Epoch;
    if (opens ? epoch != NONE || sequence != NONE : epoch < 0 || sequence < 0) {
      throw new IllegalArgumentException("epoch " + epoch + ", sequence " + sequence);
    }
    if (acked < NONE || (opens ? acked != NONE : acked >= sequence)) {
      throw new IllegalArgumentException("acked " + acked + " in sequence " + sequence);
    }
    if (timestampMillis < 0 || totalPayloadBytes < 0) {
      throw new IllegalArgumentException(
          "timestamp " + timestampMillis + ", total " + totalPayloadBytes);
    }
  }

  /** An EPOCH record; its epoch is the offset at which it lands. */
  public static JournalRecord epoch(
      UUID volume, long timestampMillis, long totalPayloadBytes, Intent.Epoch intent) {
    return new JournalRecord(volume, NONE, NONE, NONE, timestampMillis, totalPayloadBytes, intent);
  }
}
