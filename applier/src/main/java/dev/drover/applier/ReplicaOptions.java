package dev.drover.applier;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How one image follows a journal.
 *
 * @param image path of the image
 * @param name the replica's name; empty: the one stored in the image, for a new image STEM-HOSTNAME
 * @param untilOffset stop when everything below this offset is applied; empty: follow until stopped
 * @param failFast end at the first fault instead of retrying
 * @param rebuild make a missing image although the registry knows the replica
 * @param sourceWasDead the operator states that an unclean image at another inode was copied, or
 *     restored, from a source that nobody was writing to
 * @param clusterBytes cluster size of an image that has to be made
 * @param memory of its caches, batches and queue
 * @param base what a new image begins from; empty: from the journal's beginning
 */
public record ReplicaOptions(
    Path image,
    Optional<String> name,
    OptionalLong untilOffset,
    boolean failFast,
    boolean rebuild,
    boolean sourceWasDead,
    int clusterBytes,
    ReplicaMemory memory,
    Optional<BaseImage.Wanted> base) {

  /** QEMU's default, and ours. */
  public static final int DEFAULT_CLUSTER_BYTES = 64 << 10;

  public ReplicaOptions {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(untilOffset, "untilOffset");
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(base, "base");
    image = image.toAbsolutePath().normalize();
  }

  /** Follows the journal with {@code image} until stopped. */
  public static ReplicaOptions of(Path image) {
    return new ReplicaOptions(
        image,
        Optional.empty(),
        OptionalLong.empty(),
        false,
        false,
        false,
        DEFAULT_CLUSTER_BYTES,
        ReplicaMemory.DEFAULT,
        Optional.empty());
  }

  public ReplicaOptions withName(String newName) {
    return new ReplicaOptions(
        image,
        Optional.of(newName),
        untilOffset,
        failFast,
        rebuild,
        sourceWasDead,
        clusterBytes,
        memory,
        base);
  }

  public ReplicaOptions withUntil(long offset) {
    return new ReplicaOptions(
        image,
        name,
        OptionalLong.of(offset),
        failFast,
        rebuild,
        sourceWasDead,
        clusterBytes,
        memory,
        base);
  }

  public ReplicaOptions withFailFast(boolean on) {
    return new ReplicaOptions(
        image, name, untilOffset, on, rebuild, sourceWasDead, clusterBytes, memory, base);
  }

  public ReplicaOptions withRebuild(boolean on) {
    return new ReplicaOptions(
        image, name, untilOffset, failFast, on, sourceWasDead, clusterBytes, memory, base);
  }

  public ReplicaOptions withSourceWasDead(boolean on) {
    return new ReplicaOptions(
        image, name, untilOffset, failFast, rebuild, on, clusterBytes, memory, base);
  }

  public ReplicaOptions withClusterBytes(int bytes) {
    return new ReplicaOptions(
        image, name, untilOffset, failFast, rebuild, sourceWasDead, bytes, memory, base);
  }

  /** Within this much memory. */
  public ReplicaOptions withMemory(ReplicaMemory newMemory) {
    return new ReplicaOptions(
        image, name, untilOffset, failFast, rebuild, sourceWasDead, clusterBytes, newMemory, base);
  }

  /** Begins a new image from a copy of another replica. */
  public ReplicaOptions withBase(BaseImage.Wanted newBase) {
    return new ReplicaOptions(
        image,
        name,
        untilOffset,
        failFast,
        rebuild,
        sourceWasDead,
        clusterBytes,
        memory,
        Optional.of(newBase));
  }
}
