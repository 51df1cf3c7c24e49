package dev.drover.qcow2.check;

/**
 * One thing that a check has to say.
 *
 * @param imageOffset byte in the file that it is about
 * @param what what is wrong there, in words
 */
public record Finding(Kind kind, long imageOffset, String what) {

  /** How bad it is. */
  public enum Kind {
    /** Guest data is at risk: the image must not be written to. */
    CORRUPTION,
    /** Two things claim one cluster; qemu-img check does not look for it. */
    OVERLAP,
    /** Space is lost, nothing else. */
    LEAK,
    /** Could not be checked. */
    CHECK_ERROR
  }

  @Override
  public String toString() {
    return kind + " at byte " + imageOffset + ": " + what;
  }
}
