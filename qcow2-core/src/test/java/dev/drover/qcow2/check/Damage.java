package dev.drover.qcow2.check;

import java.io.IOException;

/**
 * One way to damage an image.
 *
 * @param name structure and kind, for reports and for the list of known differences
 */
record Damage(String name, Wound wound) {

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
