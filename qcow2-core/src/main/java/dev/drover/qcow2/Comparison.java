package dev.drover.qcow2;

import java.util.OptionalLong;

/**
 * Whether two disks have the same content, zeroes behind the end of the shorter one.
 *
 * @param firstDifference the first byte that differs, if one does
 * @param firstOtherKind where at or before that byte one disk has data, packed data, zeroes, zeroes
 *     with a place kept for them, or nothing, and the other has another of these
 */
public record Comparison(
    OptionalLong firstDifference,
    OptionalLong firstOtherKind,
    long sizeBytes,
    long otherSizeBytes) {

  /** As qemu-img compare without {@code -s}: a longer disk with nothing but zeroes is the same. */
  public boolean isSame() {
    return firstDifference.isEmpty();
  }

  /** The same content and the same size. */
  public boolean isSameSizeToo() {
    return isSame() && sizeBytes == otherSizeBytes;
  }

  /** As qemu-img compare {@code -s}. */
  public boolean isStrictlySame() {
    return isSameSizeToo() && firstOtherKind.isEmpty();
  }
}
