package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.VolumeDescriptor;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drover snapshot create}. */
@Command(
    name = "create",
    description = {
      "Takes a snapshot on every replica, at one place in the journal. Prints its offset.",
      "With a live gateway it comes after every write that the gateway has answered."
    })
final class SnapshotCreate implements Callable<Integer> {
  private final Session session;

  @Mixin private SnapshotName name;

  SnapshotCreate(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    name.check();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(name.volume()).descriptor();
      UUID uuid = UUID.randomUUID();
      Instant now = cluster.clock().instant();
      long offset =
          Request.append(
              cluster, descriptor, ControlRequest.snapshotCreate(uuid, name.snapshot(), now));
      Request.printSnapshot(session.console(), name.snapshot(), uuid, offset);
    }
    return 0;
  }
}
