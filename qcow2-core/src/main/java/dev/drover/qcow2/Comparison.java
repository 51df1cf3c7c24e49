package dev.drover.qcow2;

import java.util.OptionalLong;

/**
 * Whether two disks have the same content, zeroes behind the end of the shorter one.
 *
 * @param firstDifference the first byte that differs, if one does
 */
public record Comparison(OptionalLong firstDifference, long sizeBytes, long otherSizeBytes) {

  /** As qemu-img compare without {@code -s}: a longer disk with nothing but zeroes is the same. */
  public boolean isSame() {
    return firstDifference.isEmpty();
  }

  /** As qemu-img compare {@code -s}, for what can be seen from outside. */
  public boolean isSameSizeToo() {
    return isSame() && sizeBytes == otherSizeBytes;
  }
}
