package dev.drover.qcow2;

/** A byte offset in the image file. */
public record HostOffset(long bytes) implements Comparable<HostOffset> {

  public HostOffset {
    if (bytes < 0) {
      throw new IllegalArgumentException("negative host offset " + bytes);
    }
  }

  public HostOffset plus(long more) {
    return new HostOffset(Math.addExact(bytes, more));
  }

  /** The number of the cluster that this byte is in. */
  public long cluster(int clusterBits) {
    return bytes >>> clusterBits;
  }

  public boolean isAligned(int alignment) {
    return (bytes & (alignment - 1)) == 0;
  }

  @Override
  public int compareTo(HostOffset other) {
    return Long.compare(bytes, other.bytes);
  }

  @Override
  public String toString() {
    return "host " + bytes;
  }
}
