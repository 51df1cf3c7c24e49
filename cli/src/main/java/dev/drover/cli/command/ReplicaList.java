package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.Table;
import dev.drover.cli.value.Names;
import dev.drover.journal.ReplicaStatus;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover replica list}. */
@Command(name = "list", description = "Lists the replicas that the registry knows.")
final class ReplicaList implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  ReplicaList(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    try (Cluster cluster = session.cluster()) {
      cluster.volumes().find(volume);
      Instant now = cluster.registry().now();
      List<ReplicaStatus> replicas =
          cluster.registry().replicas(volume).stream().map(said -> said.asSeenAt(now)).toList();
      if (session.console().json()) {
        session
            .console()
            .object(
                Fields.of(
                    "replicas", replicas.stream().map(r -> ReplicaFields.full(r).map()).toList()));
        return 0;
      }
      Table table = new Table("REPLICA", "STATE", "APPLIED", "HOST", "IMAGE", "LAST SEEN");
      for (ReplicaStatus replica : replicas) {
        table.row(
            replica.replica(),
            replica.state(),
            replica.appliedOffset(),
            replica.host(),
            replica.image(),
            replica.lastSeen());
      }
      table.print(session.console());
    }
    return 0;
  }
}
