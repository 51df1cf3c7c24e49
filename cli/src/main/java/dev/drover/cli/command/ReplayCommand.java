package dev.drover.cli.command;

import dev.drover.cli.replica.ReplayRequest;
import dev.drover.cli.replica.ReplayRun;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.Names;
import dev.drover.cli.value.Points;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover replay}. */
@Command(
    name = "replay",
    description = {
      "Makes a fresh image at one point of a volume's journal.",
      "It is PATH.partial until it is complete; killed, the same command continues it. 'drover"
          + " apply' can follow from it."
    })
final class ReplayCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Option(names = "--output", required = true, paramLabel = "PATH", description = "The new image.")
  private Path output;

  @Option(
      names = "--until",
      defaultValue = "end",
      paramLabel = "POINT",
      description =
          "end (default), offset:N (all below N), time:ISO-8601, snapshot:NAME or mark:NAME (that"
              + " record included).")
  private String until;

  @Mixin private BaseFlag base;

  @Option(
      names = "--dry-run",
      description = "Say which offset POINT is and what it would take; write nothing.")
  private boolean dryRun;

  @Mixin private ClusterSizeFlag clusterSize;

  ReplayCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    ReplayRun run =
        new ReplayRun(
            session,
            new ReplayRequest(
                volume, output, Points.parse(until), clusterSize.bytes(), base.image()));
    return dryRun ? run.dryRun() : run.run();
  }
}
