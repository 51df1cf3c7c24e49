package dev.drover.cli.replica;

import dev.drover.applier.ReplicaMemory;
import dev.drover.applier.ReplicaOptions;
import dev.drover.cli.fleet.Target;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which image is to follow which volume, and under which name.
 *
 * @param volume the volume's name
 * @param image the image's path
 * @param replica the replica's name, if one was given
 * @param rebuild make a missing image although the registry knows the replica
 * @param sourceWasDead nobody was writing to the source when the image was copied
 * @param http where to serve health and metrics, if anywhere
 * @param memory what the replica may use
 */
public record ReplicaRequest(
    String volume,
    Path image,
    Optional<String> replica,
    boolean rebuild,
    boolean sourceWasDead,
    Optional<InetSocketAddress> http,
    ReplicaMemory memory) {

  /** The same, asked of one of several volumes. */
  ReplicaRequest of(Target target) {
    return new ReplicaRequest(
        target.volume(), target.image(), replica, rebuild, sourceWasDead, http, memory);
  }

  /** The same with a share of the process's memory. */
  ReplicaRequest sharingMemory(ReplicaMemory share) {
    return new ReplicaRequest(volume, image, replica, rebuild, sourceWasDead, http, share);
  }

  /** The same as the applier takes it. */
  ReplicaOptions options() {
    ReplicaOptions options =
        ReplicaOptions.of(image)
            .withRebuild(rebuild)
            .withSourceWasDead(sourceWasDead)
            .withMemory(memory);
    return replica.map(options::withName).orElse(options);
  }
}
