package dev.drover.qcow2;

import dev.drover.qcow2.format.Geometry;
import java.util.Optional;

/**
 * What a new image is to be; the defaults are qemu-img's.
 *
 * @param virtualSize in bytes, a multiple of 512
 * @param clusterSize in bytes
 * @param backing recorded in the header; nothing opens it here
 * @param replicaState the first payload of the position slots; empty: no slots, a plain image
 */
public record CreateOptions(
    long virtualSize,
    int clusterSize,
    Optional<BackingReference> backing,
    Optional<byte[]> replicaState) {

  public static CreateOptions ofSize(long virtualSize) {
    return new CreateOptions(
        virtualSize, 1 << Geometry.DEFAULT_CLUSTER_BITS, Optional.empty(), Optional.empty());
  }

  public CreateOptions withClusterSize(int bytes) {
    return new CreateOptions(virtualSize, bytes, backing, replicaState);
  }

  public CreateOptions withBacking(BackingReference reference) {
    return new CreateOptions(virtualSize, clusterSize, Optional.of(reference), replicaState);
  }

  /** Makes the image a replica; clusters need at least 4 KiB then. */
  public CreateOptions withReplicaState(byte[] payload) {
    return new CreateOptions(virtualSize, clusterSize, backing, Optional.of(payload));
  }

  /** What qemu-img makes of a size: the next multiple of 512. */
  public static long roundUpToSectors(long bytes) {
    return Math.addExact(bytes, 511) & -512;
  }

  /** The largest virtual size that an image with this cluster size can have. */
  public static long maxVirtualSize(int clusterSize) {
    return Geometry.ofClusterSize(clusterSize).maxVirtualSize();
  }
}
