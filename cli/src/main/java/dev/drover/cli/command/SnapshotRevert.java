package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drover snapshot revert}. */
@Command(
    name = "revert",
    description = {
      "Makes the volume what a snapshot holds, on every replica, its size too. Prints the offset.",
      "Refused while a gateway serves the volume: stop the guest and its gateway first. What was"
          + " written since stays in the journal: 'drover replay' still reaches it."
    })
final class SnapshotRevert implements Callable<Integer> {
  private final Session session;

  @Mixin private SnapshotName name;

  SnapshotRevert(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    name.check();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(name.volume()).descriptor();
      Request.Appended done =
          Request.appendUnserved(cluster, descriptor, history -> revert(history));
      Intent.SnapshotRevert revert = (Intent.SnapshotRevert) done.intent();
      Request.printSnapshot(session.console(), name.snapshot(), revert.id(), done.offset());
    }
    return 0;
  }

  private Intent revert(JournalHistory history) {
    return new Intent.SnapshotRevert(
        History.snapshot(history, name.volume(), name.snapshot()).uuid(), name.snapshot());
  }
}
