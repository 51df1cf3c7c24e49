package dev.drover.qcow2;

/** A run of neighbouring clusters in the image file. */
public record ClusterExtent(HostOffset start, long clusters) {

  public ClusterExtent {
    if (clusters <= 0) {
      throw new IllegalArgumentException("an extent of " + clusters + " clusters");
    }
  }

  /** The first byte behind the extent. */
  public HostOffset end(int clusterSize) {
    return start.plus(Math.multiplyExact(clusters, clusterSize));
  }

  public long bytes(int clusterSize) {
    return Math.multiplyExact(clusters, clusterSize);
  }
}
