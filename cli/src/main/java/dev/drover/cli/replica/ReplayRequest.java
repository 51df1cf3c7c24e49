package dev.drover.cli.replica;

import dev.drover.journal.Point;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code replay} was asked for.
 *
 * @param volume the volume's name
 * @param output where the image is to be
 * @param until the point
 * @param clusterBytes the image's cluster size, unless it begins from a base
 * @param base the replica that it begins from; empty: from the journal's beginning
 */
public record ReplayRequest(
    String volume, Path output, Point until, int clusterBytes, Optional<Path> base) {}
