package dev.drover.journal;

/**
 * A record at its place in the journal, judged.
 *
 * @param offset where it is
 * @param record what it says
 * @param valid whether it counts; false = void (of an epoch that is over): nothing of it is
 *     applied, and its {@code after} is still the way past it
 * @param after the position just behind it
 */
public record JournalEntry(long offset, JournalRecord record, boolean valid, Position after) {}
