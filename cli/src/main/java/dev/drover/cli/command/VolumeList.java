package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.Table;
import dev.drover.cli.value.ByteSize;
import dev.drover.journal.kafka.VolumeReport;
import java.time.Instant;
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
      List<VolumeReport> reports = cluster.volumes().showAll(cluster.volumes().list());
      boolean asked = reports.stream().allMatch(report -> report.trouble() == null);
      Instant now = cluster.registry().now();
      if (session.console().json()) {
        session
            .console()
            .object(
                Fields.of(
                    "volumes",
                    reports.stream().map(report -> VolumeFields.of(report, now).map()).toList()));
        return exit(asked);
      }
      Table table = new Table("NAME", "SIZE", "STATE", "LOG END", "WRITER", "UUID");
      for (VolumeReport report : reports) {
        table.row(
            report.descriptor().name(),
            ByteSize.text(report.sizeBytes()),
            report.descriptor().state(),
            report.logEndOffset(),
            report.trouble() == null ? VolumeFields.writerText(report.writer(), now) : "unknown",
            report.descriptor().uuid());
      }
      table.print(session.console());
      for (VolumeReport report : reports) {
        if (report.trouble() != null) {
          session.console().remark(report.descriptor().name() + ": " + report.trouble());
        }
      }
      return exit(asked);
    }
  }

  private static int exit(boolean asked) {
    return (asked ? Exit.DONE : Exit.FAILED).code();
  }
}
