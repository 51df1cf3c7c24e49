package dev.drover.qcow2.exhaustive;

import java.util.BitSet;

/**
 * What a dirty bitmap must say; a bit a sector.
 *
 * @param enabled it follows the disk
 * @param trusted the file has all of it: if the power goes now nothing is lost
 */
record Marks(String name, boolean enabled, BitSet bits, boolean trusted) {

  static final int GRANULARITY = 512;

  static Marks none(String name) {
    return new Marks(name, true, new BitSet(), true);
  }

  /** After a change of the disk. */
  Marks noting(int from, int length) {
    if (!enabled) {
      return this;
    }
    BitSet more = (BitSet) bits.clone();
    more.set(from / GRANULARITY, (from + length - 1) / GRANULARITY + 1);
    return new Marks(name, enabled, more, false);
  }

  /** On a disk of another size. */
  Marks cut(int size) {
    BitSet left = (BitSet) bits.clone();
    int end = (size + GRANULARITY - 1) / GRANULARITY;
    left.clear(end, Math.max(end, left.length()));
    return new Marks(name, enabled, left, true);
  }

  Marks cleared() {
    return new Marks(name, enabled, new BitSet(), true);
  }

  Marks toggled() {
    return new Marks(name, !enabled, bits, true);
  }

  Marks merged(Marks source) {
    BitSet all = (BitSet) bits.clone();
    all.or(source.bits);
    return new Marks(name, enabled, all, true);
  }

  Marks stored() {
    return new Marks(name, enabled, bits, true);
  }

  Marks inUse() {
    return new Marks(name, enabled, bits, false);
  }
}
