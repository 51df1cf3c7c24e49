package dev.drover.cli.command;

import dev.drover.applier.ReplicaMemory;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.replica.ReplicaRequest;
import dev.drover.cli.value.Address;
import dev.drover.cli.value.IllegalValue;
import dev.drover.cli.value.Names;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * The flags of every verb that follows a journal with an image: {@code apply} and {@code serve}.
 */
final class ReplicaFlags {
  @Option(
      names = "--replica",
      paramLabel = "NAME",
      description = "The replica's name (default: the one in the image; new: STEM-HOSTNAME).")
  private String replica;

  @Option(
      names = "--http",
      paramLabel = "HOST:PORT",
      description = "Serve /livez, /readyz, /metrics and /status.")
  private String http;

  @Option(
      names = "--rebuild",
      description = "Make a missing image although the registry knows the replica.")
  private boolean rebuild;

  @Option(
      names = "--source-was-dead",
      description = "Nobody wrote to the source when this unclean image was copied or restored.")
  private boolean sourceWasDead;

  /** What they ask for with this image of this volume; a name or address that cannot be is told. */
  ReplicaRequest request(Target target) {
    if (replica != null) {
      Names.check("replica", replica);
    }
    return new ReplicaRequest(
        target.volume(),
        target.image(),
        Optional.ofNullable(replica),
        rebuild,
        sourceWasDead,
        Optional.ofNullable(http).map(Address::parse),
        ReplicaMemory.DEFAULT);
  }

  /** What they ask for with each of several volumes. */
  ReplicaRequest common() {
    if (replica != null) {
      throw new IllegalValue(
          "--replica names one replica; of several volumes each is named by itself");
    }
    return request(new Target("", Path.of("")));
  }
}
