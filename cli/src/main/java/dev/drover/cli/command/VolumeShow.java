package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.Names;
import dev.drover.journal.Durability;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.VolumeReport;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover volume show}. */
@Command(name = "show", description = "Shows one volume, its topic and its last writer.")
final class VolumeShow implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name;

  VolumeShow(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", name);
    try (Cluster cluster = session.cluster()) {
      VolumeReport report = cluster.volumes().show(name);
      Instant now = cluster.registry().now();
      if (session.console().json()) {
        session.console().object(VolumeFields.of(report, now));
      } else {
        print(report, now);
      }
    }
    return 0;
  }

  private void print(VolumeReport report, Instant now) {
    Console console = session.console();
    VolumeDescriptor volume = report.descriptor();
    console.line("name:                " + volume.name());
    console.line("uuid:                " + volume.uuid());
    console.line(
        "size:                %s (%d bytes)"
            .formatted(ByteSize.text(report.sizeBytes()), report.sizeBytes()));
    console.line("state:               " + volume.state());
    if (volume.importProgress() != null) {
      console.line(
          "importing:           %s, up to byte %d"
              .formatted(
                  volume.importProgress().image(), volume.importProgress().nextGuestOffset()));
    }
    console.line("topic:               " + volume.topic());
    console.line("partitions:          " + figure(report.partitions()));
    console.line("replication factor:  " + figure(report.replicationFactor()));
    console.line("min in-sync:         " + figure(report.minInsyncReplicas()));
    console.line("asks for:            " + asked(volume.asks()));
    report.warnings().forEach(warning -> console.line("weaker:              " + warning));
    console.line("first offset:        " + figure(report.firstOffset()));
    console.line("log end offset:      " + figure(report.logEndOffset()));
    console.line("writer:              " + VolumeFields.writerText(report.writer(), now));
    if (report.writer() != null) {
      String image = report.writer().image();
      console.line(
          "writer's image:      " + (image.isEmpty() ? "none, a verb had this epoch" : image));
      console.line("writer last seen:    " + report.writer().lastSeen());
    }
  }

  private static String asked(Durability asks) {
    String weaker =
        switch (asks.policy()) {
          case WARN -> "a weaker topic is a warning";
          case REFUSE -> "a weaker topic is refused";
          case null -> "of a weaker topic as each process is told";
        };
    return "replication %s, min in-sync %s; %s"
        .formatted(number(asks.replicationFactor()), number(asks.minInsyncReplicas()), weaker);
  }

  private static String number(int asked) {
    return asked == 0 ? "as the cluster can" : Integer.toString(asked);
  }

  private static String figure(long value) {
    return value < 0 ? "the topic is missing" : Long.toString(value);
  }
}
