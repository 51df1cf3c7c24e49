package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;

/**
 * One line of {@code journal dump}.
 *
 * @param offset where the record is
 * @param kafkaTimestampMillis what Kafka says of its time; all there is of a damaged one
 * @param record what it says; null if that can't be read
 * @param payloadCrc32c checksum of its payload; 0 if there is none
 * @param counts whether it counts, as far as can be told from what was dumped before it
 * @param damage why it can't be read; null if it can
 */
public record DumpedRecord(
    long offset,
    long kafkaTimestampMillis,
    JournalRecord record,
    int payloadCrc32c,
    boolean counts,
    JournalException damage) {}
