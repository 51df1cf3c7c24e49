package dev.drover.qcow2.core;

import dev.drover.qcow2.format.L2Entry;

/**
 * How an image makes whole clusters read as zeroes. Version 2 has no zero flag: there an entry can
 * only be emptied, which is enough where nothing shows through, and over a backing file zeroes must
 * be written like any other bytes.
 *
 * @param backed a backing disk shows through entries that are empty
 * @param flags entries have a zero flag
 * @param raw a data file is the guest's disk, byte for byte: zeroes must be in it, whatever entries
 *     say, and entries never come to say zero
 */
record Zeroing(boolean backed, boolean flags, boolean raw) {

  /** Of a cluster that starts there: nothing shows through behind the backing disk's end. */
  Zeroing at(long start, long backingEnd) {
    return backed && start >= backingEnd ? new Zeroing(false, flags, raw) : this;
  }

  /** Whether changing entries does it. */
  boolean byEntry() {
    return !raw && (flags || !backed);
  }

  /** What an entry becomes; only if {@link #byEntry}. Without the flag {@code keep} is lost. */
  L2Entry entry(L2Entry before, boolean keep) {
    if (before.hasCluster() && keep && flags) {
      return before.with(0, L2Entry.ALL);
    }
    if (!before.hasCluster() && readsAsZeroes(before) == L2Entry.ALL) {
      return before;
    }
    return backed ? L2Entry.ZERO : L2Entry.HOLE;
  }

  /** The set of subclusters that read as zeroes already. */
  int readsAsZeroes(L2Entry entry) {
    if (entry.isCompressed()) {
      return 0;
    }
    return backed ? entry.zero() : ~entry.allocated();
  }
}
