package dev.drover.qcow2;

/** A byte offset on the virtual disk, as the guest counts. */
public record GuestOffset(long bytes) implements Comparable<GuestOffset> {

  public static final GuestOffset ZERO = new GuestOffset(0);

  public GuestOffset {
    if (bytes < 0) {
      throw new IllegalArgumentException("negative guest offset " + bytes);
    }
  }

  public GuestOffset plus(long more) {
    return new GuestOffset(Math.addExact(bytes, more));
  }

  @Override
  public int compareTo(GuestOffset other) {
    return Long.compare(bytes, other.bytes);
  }

  @Override
  public String toString() {
    return "guest " + bytes;
  }
}
