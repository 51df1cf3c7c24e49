package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.Names;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover volume delete}. */
@Command(
    name = "delete",
    description = "Deletes a volume's topics and registry entries. Images stay as they are.")
final class VolumeDelete implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name;

  @Option(names = "--yes", description = "Yes, the journal is to be lost.")
  private boolean yes;

  VolumeDelete(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", name);
    if (!yes) {
      throw CommandFailure.usage(
          "NOT_CONFIRMED",
          "deleting volume %s loses its journal for good".formatted(name),
          "add --yes if that is meant");
    }
    try (Cluster cluster = session.cluster()) {
      cluster.volumes().delete(name);
    }
    if (session.console().json()) {
      session.console().object(Fields.of("deleted", name));
    }
    return 0;
  }
}
