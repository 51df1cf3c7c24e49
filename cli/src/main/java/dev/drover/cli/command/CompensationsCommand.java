package dev.drover.cli.command;

import dev.drover.applier.Compensation;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.Names;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover compensations}. */
@Command(
    name = "compensations",
    description = {
      "Prints what a volume's replicas gave back: one line, or one JSON object, a compensation.",
      "Columns: id, replica, incarnation, position, clusters, state, time, cause."
    })
final class CompensationsCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Option(names = "--replica", paramLabel = "R", description = "Only this replica's.")
  private String replica;

  CompensationsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    if (replica != null) {
      Names.check("replica", replica);
    }
    try (Cluster cluster = session.cluster()) {
      cluster.volumes().find(volume);
      for (Compensation each : KafkaCompensationLog.readAll(cluster.settings(), volume)) {
        if (replica == null || each.replica().equals(replica)) {
          print(each);
        }
      }
    }
    return 0;
  }

  private void print(Compensation compensation) {
    Console console = session.console();
    if (console.json()) {
      console.object(fields(compensation));
      return;
    }
    console.line(
        "%s %s %s %d %d %s %s %s"
            .formatted(
                compensation.id(),
                compensation.replica(),
                compensation.incarnation(),
                compensation.position(),
                compensation.clusterCount(),
                compensation.state(),
                compensation.time(),
                compensation.cause()));
  }

  private static Fields fields(Compensation compensation) {
    List<Object> extents =
        compensation.clusters().stream()
            .<Object>map(
                extent ->
                    Fields.of("hostOffset", extent.start().bytes())
                        .and("clusters", extent.clusters())
                        .map())
            .toList();
    return Fields.of("id", compensation.id())
        .and("replica", compensation.replica())
        .and("incarnation", compensation.incarnation().toString())
        .and("position", compensation.position())
        .and("clusters", compensation.clusterCount())
        .and("clusterSize", compensation.clusterBytes())
        .and("extents", extents)
        .and("cause", compensation.cause())
        .and("state", compensation.state())
        .and("time", compensation.time());
  }
}
