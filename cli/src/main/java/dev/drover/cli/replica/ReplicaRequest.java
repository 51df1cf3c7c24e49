package dev.drover.cli.replica;

import dev.drover.applier.ReplicaOptions;
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
 */
public record ReplicaRequest(
    String volume,
    Path image,
    Optional<String> replica,
    boolean rebuild,
    boolean sourceWasDead,
    Optional<InetSocketAddress> http) {

  /** The same as the applier takes it. */
  ReplicaOptions options() {
    ReplicaOptions options =
        ReplicaOptions.of(image).withRebuild(rebuild).withSourceWasDead(sourceWasDead);
    return replica.map(options::withName).orElse(options);
  }
}
