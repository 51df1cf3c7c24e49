package dev.drover.cli.replica;

import dev.drover.applier.ReplicaMemory;
import dev.drover.cli.fleet.Target;
import dev.drover.journal.Point;
import java.util.Optional;

/**
 * What {@code apply} was asked for.
 *
 * @param replica the image and the volume it follows
 * @param until where to stop; empty: follow until stopped
 * @param failFast end at the first fault
 * @param clusterBytes cluster size of an image that has to be made
 */
public record ApplyRequest(
    ReplicaRequest replica, Optional<Point> until, boolean failFast, int clusterBytes) {

  /** The same, asked of one of several volumes. */
  ApplyRequest of(Target target) {
    return new ApplyRequest(replica.of(target), until, failFast, clusterBytes);
  }

  /** The same with a share of the process's memory. */
  ApplyRequest sharingMemory(ReplicaMemory share) {
    return new ApplyRequest(replica.sharingMemory(share), until, failFast, clusterBytes);
  }
}
