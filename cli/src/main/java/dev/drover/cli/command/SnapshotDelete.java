package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drover snapshot delete}. */
@Command(
    name = "delete",
    description = {
      "Drops a snapshot on every replica, at one place in the journal. Prints its offset.",
      "Of several with one name the newest. Points before that place can still be replayed."
    })
final class SnapshotDelete implements Callable<Integer> {
  private final Session session;

  @Mixin private SnapshotName name;

  SnapshotDelete(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    name.check();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(name.volume()).descriptor();
      JournalHistory.Snapshot gone =
          History.snapshot(History.read(cluster, descriptor), name.volume(), name.snapshot());
      long offset =
          Request.append(
              cluster,
              descriptor,
              ControlRequest.snapshotDelete(
                  gone.uuid(), name.snapshot(), cluster.clock().instant()));
      Request.printSnapshot(session.console(), name.snapshot(), gone.uuid(), offset);
    }
    return 0;
  }
}
