package dev.drover.cli.replica;

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
    ReplicaRequest replica, Optional<Point> until, boolean failFast, int clusterBytes) {}
