package dev.drover.qcow2.check;

import java.io.IOException;

/**
 * One way to damage an image.
 *
 * @param name structure and kind, for reports and for the list of known differences
 * @param extendedL2 whether the image to damage is one that has subclusters
 */
record Damage(String name, boolean extendedL2, Wound wound) {

  Damage(String name, Wound wound) {
    this(name, false, wound);
  }

  /** Damages the image in place. */
  @FunctionalInterface
  interface Wound {
    void inflict(Anatomy image) throws IOException;
  }

  @Override
  public String toString() {
    return name;
  }
}
