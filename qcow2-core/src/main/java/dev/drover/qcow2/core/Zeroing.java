package dev.drover.qcow2.core;

import dev.drover.qcow2.format.L2Entry;

/**
 * How an image makes whole clusters read as zeroes. Version 2 has no zero flag: there an entry can
 * only be emptied, which is enough where nothing shows through, and over a backing file zeroes must
 * be written like any other bytes.
 *
 * @param backed a backing disk shows through entries that are empty
 * @param flags entries have a zero flag
 */
record Zeroing(boolean backed, boolean flags) {

  /** Whether changing entries does it. */
  boolean byEntry() {
    return flags || !backed;
  }

  /** What an entry becomes; only if {@link #byEntry}. Without the flag {@code keep} is lost. */
  long entry(long before, boolean keep) {
    long nothing = backed ? L2Entry.ZERO_FLAG : 0;
    if (L2Entry.isCompressed(before)) {
      return nothing;
    }
    if ((before & L2Entry.OFFSET_MASK) == 0) {
      return (before & L2Entry.ZERO_FLAG) != 0 ? before : nothing;
    }
    return keep && flags ? before | L2Entry.ZERO_FLAG : nothing;
  }
}
