package dev.drover.cli.replica;

import dev.drover.applier.ReplicaMemory;
import dev.drover.cli.fleet.Target;
import dev.drover.journal.Point;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code apply} was asked for.
 *
 * @param replica the image and the volume it follows
 * @param until where to stop; empty: follow until stopped
 * @param failFast end at the first fault
 * @param clusterBytes cluster size of an image that has to be made
 * @param base the replica that a new image begins from; empty: from the journal's beginning
 */
public record ApplyRequest(
    ReplicaRequest replica,
    Optional<Point> until,
    boolean failFast,
    int clusterBytes,
    Optional<Path> base) {

  /** The same, asked of one of several volumes. */
  ApplyRequest of(Target target) {
    return new ApplyRequest(replica.of(target), until, failFast, clusterBytes, base);
  }

  /** The same with a share of the process's memory. */
  ApplyRequest sharingMemory(ReplicaMemory share) {
    return new ApplyRequest(replica.sharingMemory(share), until, failFast, clusterBytes, base);
  }
}
