package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.Table;
import dev.drover.cli.value.Names;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover snapshot list}. */
@Command(name = "list", description = "Lists a volume's snapshots, from its journal.")
final class SnapshotList implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  SnapshotList(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(volume).descriptor();
      List<JournalHistory.Snapshot> live = History.read(cluster, descriptor).live();
      if (session.console().json()) {
        session
            .console()
            .object(Fields.of("snapshots", live.stream().map(t -> fields(t).map()).toList()));
        return 0;
      }
      Table table = new Table("NAME", "OFFSET", "TIME", "UUID");
      live.forEach(t -> table.row(t.name(), t.offset(), t.time(), t.uuid()));
      table.print(session.console());
    }
    return 0;
  }

  private static Fields fields(JournalHistory.Snapshot snapshot) {
    return Fields.of("name", snapshot.name())
        .and("uuid", snapshot.uuid().toString())
        .and("offset", snapshot.offset())
        .and("time", snapshot.time());
  }
}
