package dev.drover.qcow2;

/** Why clusters become free, in QEMU's classes: each may have its space given back or kept. */
public enum DiscardClass {
  /** The guest discarded or zeroed them. */
  REQUEST("pass-discard-request"),
  /** A snapshot went, or the disk went back to one. */
  SNAPSHOT("pass-discard-snapshot"),
  /** Anything else: replaced by a copy, a table that moved, an allocation that was undone. */
  OTHER("pass-discard-other");

  private final String option;

  DiscardClass(String option) {
    this.option = option;
  }

  /** The option's name, QEMU's. */
  public String option() {
    return option;
  }
}
