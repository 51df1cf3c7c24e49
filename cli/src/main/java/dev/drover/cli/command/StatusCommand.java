package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.Table;
import dev.drover.cli.value.Names;
import dev.drover.journal.JournalException;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.JournalDump;
import dev.drover.journal.kafka.VolumeReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover status}. */
@Command(
    name = "status",
    description = {
      "Shows each volume's log end and writer, and what each replica last said of itself.",
      "Exits 3 when a listed replica is FAULTED, else 1 when a journal could not be asked."
    })
final class StatusCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only this volume.")
  private String volume;

  StatusCommand(Session session) {
    this.session = session;
  }

  /** One volume with its replicas, as they are to be seen now. */
  private record Listed(VolumeReport report, List<ReplicaStatus> replicas) {}

  @Override
  public Integer call() throws Exception {
    if (volume != null) {
      Names.check("volume", volume);
    }
    try (Cluster cluster = session.cluster()) {
      List<Listed> all = new ArrayList<>();
      List<VolumeDescriptor> volumes =
          volume == null ? cluster.volumes().list() : List.of(cluster.volumes().find(volume));
      Instant now = cluster.registry().now();
      for (VolumeReport report : cluster.volumes().showAll(volumes)) {
        all.add(new Listed(report, replicas(cluster, report, now)));
      }
      if (session.console().json()) {
        session
            .console()
            .object(Fields.of("volumes", all.stream().map(v -> json(v, now)).toList()));
      } else {
        all.forEach(listed -> print(listed, now));
      }
      boolean faulted =
          all.stream()
              .flatMap(listed -> listed.replicas().stream())
              .anyMatch(replica -> replica.state() == ReplicaStatus.State.FAULTED);
      boolean asked = all.stream().allMatch(listed -> listed.report().trouble() == null);
      return (faulted ? Exit.REFUSED : asked ? Exit.DONE : Exit.FAILED).code();
    }
  }

  private static List<ReplicaStatus> replicas(Cluster cluster, VolumeReport report, Instant now)
      throws JournalException {
    String name = report.descriptor().name();
    List<ReplicaStatus> said =
        cluster.registry().replicas(name).stream().map(each -> each.asSeenAt(now)).toList();
    if (said.stream().noneMatch(StoppedLag::concerns) || report.logEndOffset() < 0) {
      return said;
    }
    List<ReplicaStatus> refreshed = new ArrayList<>();
    try (JournalDump dump = JournalDump.open(cluster.settings(), report.descriptor().topic())) {
      StoppedLag lag = new StoppedLag(dump, now);
      for (ReplicaStatus each : said) {
        refreshed.add(lag.refreshed(each));
      }
    }
    return refreshed;
  }

  private static Map<String, Object> json(Listed listed, Instant now) {
    return VolumeFields.of(listed.report(), now)
        .and("replicas", listed.replicas().stream().map(r -> ReplicaFields.of(r).map()).toList())
        .map();
  }

  private void print(Listed listed, Instant now) {
    Console console = session.console();
    VolumeReport report = listed.report();
    String journal =
        report.trouble() == null
            ? "log end %d, writer %s"
                .formatted(report.logEndOffset(), VolumeFields.writerText(report.writer(), now))
            : "log end and writer unknown: " + report.trouble();
    console.line(
        "volume %s (%s): %s"
            .formatted(report.descriptor().name(), report.descriptor().state(), journal));
    if (listed.replicas().isEmpty()) {
      return;
    }
    Table table =
        new Table("  REPLICA", "STATE", "APPLIED", "RECORDS", "BYTES", "SECONDS", "HOST", "IMAGE");
    for (ReplicaStatus replica : listed.replicas()) {
      table.row(
          "  " + replica.replica(),
          replica.state(),
          replica.appliedOffset(),
          replica.lagRecords(),
          replica.lagBytes(),
          replica.lagSeconds(),
          replica.host(),
          replica.image());
    }
    table.print(console);
    for (ReplicaStatus replica : listed.replicas()) {
      if (replica.reason() != null) {
        String hint = replica.hint() == null ? "" : "; " + replica.hint();
        console.line("  " + replica.replica() + ": " + replica.reason() + hint);
      }
    }
  }
}
