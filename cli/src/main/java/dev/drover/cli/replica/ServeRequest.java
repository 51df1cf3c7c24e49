package dev.drover.cli.replica;

import dev.drover.nbd.CacheMode;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What {@code serve} was asked for.
 *
 * @param volume the volume's name, and the export's
 * @param image the local replica's path
 * @param replica its name, if one was given
 * @param listen TCP address, if any
 * @param socket Unix socket, if any
 * @param takeOver supersede a gateway that is alive on another image
 * @param overlayBytes memory for what the image does not show yet
 * @param cache when a write is answered
 * @param journalTimeout how long an append may take
 * @param rebuild make a missing image although the registry knows the replica
 * @param sourceWasDead nobody was writing to the source when the image was copied
 * @param http where to serve health and metrics, if anywhere
 */
public record ServeRequest(
    String volume,
    Path image,
    Optional<String> replica,
    Optional<InetSocketAddress> listen,
    Optional<Path> socket,
    boolean takeOver,
    long overlayBytes,
    CacheMode cache,
    Duration journalTimeout,
    boolean rebuild,
    boolean sourceWasDead,
    Optional<InetSocketAddress> http) {}
