package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.Names;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.VolumeDescriptor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover mark}. */
@Command(
    name = "mark",
    description = {
      "Names a point in a volume's journal, for --until mark:MARK. Prints its offset.",
      "With a live gateway it comes after every write that the gateway has answered."
    })
final class MarkCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Parameters(index = "1", paramLabel = "MARK", description = "What to call the point.")
  private String mark;

  MarkCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    Names.check("mark", mark);
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(volume).descriptor();
      long offset =
          Request.append(cluster, descriptor, ControlRequest.mark(mark, cluster.clock().instant()));
      if (session.console().json()) {
        session.console().object(Fields.of("name", mark).and("offset", offset));
      } else {
        session.console().line(Long.toString(offset));
      }
    }
    return 0;
  }
}
