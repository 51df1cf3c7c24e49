package dev.drover.qcow2.sim;

import java.util.Arrays;

/** A set of 64-bit hashes, made to be cleared and filled again; 0 is taken for 1. */
public final class LongSet {

  private long[] slots = new long[1 << 10];
  private int size;

  /** Whether it was not in the set. */
  public boolean add(long hash) {
    long value = hash == 0 ? 1 : hash;
    int mask = slots.length - 1;
    int at = (int) (value ^ value >>> 32) & mask;
    while (slots[at] != 0) {
      if (slots[at] == value) {
        return false;
      }
      at = at + 1 & mask;
    }
    slots[at] = value;
    if (++size > slots.length / 2) {
      grow();
    }
    return true;
  }

  private void grow() {
    long[] old = slots;
    slots = new long[old.length * 2];
    size = 0;
    for (long value : old) {
      if (value != 0) {
        add(value);
      }
    }
  }

  public void clear() {
    if (size > 0) {
      Arrays.fill(slots, 0);
      size = 0;
    }
  }
}
