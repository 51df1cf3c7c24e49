package dev.drover.cli.value;

/** The cluster size of a qcow2 image. */
public final class ClusterSize {
  /** What a replica's position slots need. */
  public static final int SMALLEST_OF_REPLICA = 4 << 10;

  private static final int SMALLEST = 512;
  private static final int LARGEST = 2 << 20;

  /** Any size that the format allows. */
  public static int parse(String text) {
    long bytes = ByteSize.parse(text).bytes();
    if (bytes < SMALLEST || bytes > LARGEST || Long.bitCount(bytes) != 1) {
      throw new IllegalValue(
          "cluster size '" + text + "' is not a power of two between 512 and 2M");
    }
    return (int) bytes;
  }

  /** A size that a replica can have. */
  public static int parseOfReplica(String text) {
    int bytes = parse(text);
    if (bytes < SMALLEST_OF_REPLICA) {
      throw new IllegalValue(
          "cluster size '" + text + "' is too small for a replica; give at least 4K");
    }
    return bytes;
  }

  private ClusterSize() {}
}
