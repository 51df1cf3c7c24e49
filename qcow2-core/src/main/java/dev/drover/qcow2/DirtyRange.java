package dev.drover.qcow2;

/** A range of the virtual disk that a dirty bitmap calls changed. */
public record DirtyRange(GuestOffset start, long length) {

  /** The first offset behind the range. */
  public long end() {
    return start.bytes() + length;
  }
}
