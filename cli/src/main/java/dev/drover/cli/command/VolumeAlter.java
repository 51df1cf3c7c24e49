package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.IllegalValue;
import dev.drover.cli.value.Names;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.TopicWarning;
import dev.drover.journal.kafka.VolumeReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code drover volume alter}. */
@Command(
    name = "alter",
    description = {
      "Changes what a volume asks of its topics; what is not given stays as it is.",
      "The topics themselves are altered with Kafka's own tools. Processes that serve or follow the"
          + " volume heed it within their topic.watch."
    })
final class VolumeAlter implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name;

  @Mixin private DurabilityFlags durability;

  VolumeAlter(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", name);
    if (durability.isEmpty()) {
      throw new IllegalValue(
          "nothing to alter: give --durability, --replication-factor or --min-insync-replicas");
    }
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor before = cluster.volumes().find(name);
      cluster.volumes().ask(name, durability.over(before.asks()));
      VolumeReport now = cluster.volumes().show(name);
      for (TopicWarning warning : now.warnings()) {
        session.console().remark("warning: " + warning);
      }
      if (session.console().json()) {
        session.console().object(VolumeFields.of(now, cluster.registry().now()));
      }
    }
    return 0;
  }
}
