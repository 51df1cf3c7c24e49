package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.Names;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover snapshot delete}. */
@Command(
    name = "delete",
    description = {
      "Drops a snapshot on every replica, at one place in the journal. Prints its offset.",
      "Of several with one name the newest. Points before that place can still be replayed."
    })
final class SnapshotDelete implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Parameters(index = "1", paramLabel = "SNAPSHOT", description = "The snapshot.")
  private String snapshot;

  SnapshotDelete(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    Names.check("snapshot", snapshot);
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(volume).descriptor();
      JournalHistory.Snapshot gone =
          History.snapshot(History.read(cluster, descriptor), volume, snapshot);
      long offset =
          Request.append(
              cluster,
              descriptor,
              ControlRequest.snapshotDelete(gone.uuid(), snapshot, cluster.clock().instant()));
      Request.printSnapshot(session.console(), snapshot, gone.uuid(), offset);
    }
    return 0;
  }
}
