package dev.drover.qcow2;

/** A range of the virtual disk and how the image holds it. */
public record GuestExtent(GuestOffset start, long length, Kind kind) {

  /** How an image holds a range. */
  public enum Kind {
    /** There is data; it may still be all zero bytes. */
    DATA,
    /** Reads as zeroes whatever a backing file holds. */
    ZERO,
    /** Nothing here: zeroes, or what the backing file holds. */
    HOLE
  }

  /** The first offset behind the extent. */
  public long end() {
    return start.bytes() + length;
  }
}
