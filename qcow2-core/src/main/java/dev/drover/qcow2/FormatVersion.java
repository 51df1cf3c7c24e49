package dev.drover.qcow2;

/** A version of the format, by what images of it can say. */
public enum FormatVersion {
  /** No feature bits, no zero flags in L2 entries, refcounts of 16 bits. */
  V2(2, "0.10"),
  V3(3, "1.1");

  private final int number;
  private final String compat;

  FormatVersion(int number, String compat) {
    this.number = number;
    this.compat = compat;
  }

  /** As it stands in the header. */
  public int number() {
    return number;
  }

  /** What qemu-img calls it: the QEMU release that could first read it. */
  public String compat() {
    return compat;
  }
}
