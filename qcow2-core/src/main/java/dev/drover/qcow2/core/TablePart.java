package dev.drover.qcow2.core;

import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;

/**
 * Some neighbouring entries of an L2 table, copied out of it. Entries are changed here first and
 * then all at once with {@link Mapping#write}: whatever leaves the cache meanwhile, no change is
 * lost, and nothing can fail between the first change and the write (I-04). Entries are counted
 * from the beginning of the table.
 */
final class TablePart {

  private final long table;
  private final int from;
  private final L2Table entries;

  /**
   * @param table where the table is in the file
   * @param from the first entry
   */
  TablePart(long table, int from, L2Table entries) {
    this.table = table;
    this.from = from;
    this.entries = entries;
  }

  /** Where the table is in the file. */
  long table() {
    return table;
  }

  int from() {
    return from;
  }

  /** Behind the last entry. */
  int to() {
    return from + entries.entries();
  }

  L2Entry get(int index) {
    return entries.get(index - from);
  }

  void set(int index, L2Entry entry) {
    entries.set(index - from, entry);
  }

  /** The entries themselves, counted from {@link #from}. */
  L2Table entries() {
    return entries;
  }
}
