package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.Table;
import dev.drover.cli.value.ByteSize;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.VolumeReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code drover volume list}. */
@Command(name = "list", description = "Lists all volumes.")
final class VolumeList implements Callable<Integer> {
  private final Session session;

  VolumeList(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    try (Cluster cluster = session.cluster()) {
      List<VolumeReport> reports = new ArrayList<>();
      for (VolumeDescriptor volume : cluster.volumes().list()) {
        reports.add(cluster.volumes().show(volume.name()));
      }
      Instant now = cluster.registry().now();
      if (session.console().json()) {
        session
            .console()
            .object(
                Fields.of(
                    "volumes",
                    reports.stream().map(report -> VolumeFields.of(report, now).map()).toList()));
        return 0;
      }
      Table table = new Table("NAME", "SIZE", "STATE", "LOG END", "WRITER", "UUID");
      for (VolumeReport report : reports) {
        table.row(
            report.descriptor().name(),
            ByteSize.text(report.sizeBytes()),
            report.descriptor().state(),
            report.logEndOffset(),
            VolumeFields.writerText(report.writer(), now),
            report.descriptor().uuid());
      }
      table.print(session.console());
    }
    return 0;
  }
}
