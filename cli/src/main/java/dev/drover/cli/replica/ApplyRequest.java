package dev.drover.cli.replica;

import dev.drover.journal.Point;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code apply} was asked for.
 *
 * @param volume the volume's name
 * @param image the image's path
 * @param replica the replica's name, if one was given
 * @param until where to stop; empty: follow until stopped
 * @param failFast end at the first fault
 * @param rebuild make a missing image although the registry knows the replica
 * @param sourceWasDead nobody was writing to the source when the image was copied
 * @param clusterBytes cluster size of an image that has to be made
 * @param http where to serve health and metrics, if anywhere
 */
public record ApplyRequest(
    String volume,
    Path image,
    Optional<String> replica,
    Optional<Point> until,
    boolean failFast,
    boolean rebuild,
    boolean sourceWasDead,
    int clusterBytes,
    Optional<InetSocketAddress> http) {}
