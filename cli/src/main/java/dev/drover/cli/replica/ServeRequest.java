package dev.drover.cli.replica;

import dev.drover.cli.config.OwnKey;
import dev.drover.cli.config.Setting;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.value.ByteSize;
import dev.drover.nbd.CacheMode;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What {@code serve} was asked for.
 *
 * @param replica the local image and the volume it follows; the export has the volume's name
 * @param listen TCP address, if any
 * @param socket Unix socket, if any
 * @param takeOver supersede a gateway that is alive on another image
 * @param overlayBytes memory for what the image does not show yet; 0: what the process has for it
 * @param cache when a write is answered
 * @param journalTimeout how long an append may take
 * @param readLease how long reads are answered on one proof that no other gateway has taken over
 */
public record ServeRequest(
    ReplicaRequest replica,
    Optional<InetSocketAddress> listen,
    Optional<Path> socket,
    boolean takeOver,
    long overlayBytes,
    CacheMode cache,
    Duration journalTimeout,
    Duration readLease) {

  /** The overlay of a process that is not told how much, as its settings call it. */
  public static Setting standardOverlay() {
    long bytes = MemoryPlan.allOverlays(Runtime.getRuntime().maxMemory());
    String origin = bytes < MemoryPlan.OVERLAY_BYTES ? "default: a quarter of the heap" : "default";
    return new Setting(OwnKey.OVERLAY_SIZE.key(), ByteSize.exactText(bytes), origin);
  }

  /** The same, asked of one of several volumes. */
  ServeRequest of(Target target) {
    return with(replica.of(target), overlayBytes);
  }

  /** The same with a share of the process's memory; an overlay of a given size keeps it. */
  ServeRequest sharing(MemoryPlan plan) {
    long overlay = overlayBytes == 0 ? plan.overlayBytes() : overlayBytes;
    return with(replica.sharingMemory(plan.replica()), overlay);
  }

  private ServeRequest with(ReplicaRequest newReplica, long newOverlayBytes) {
    return new ServeRequest(
        newReplica, listen, socket, takeOver, newOverlayBytes, cache, journalTimeout, readLease);
  }
}
