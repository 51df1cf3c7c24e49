package dev.drover.cli.command;

import dev.drover.cli.replica.ApplyRequest;
import dev.drover.cli.replica.ApplyRun;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.Address;
import dev.drover.cli.value.ClusterSize;
import dev.drover.cli.value.Names;
import dev.drover.cli.value.Points;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover apply}. */
@Command(
    name = "apply",
    description = {
      "Applies a volume's journal to an image: until stopped, or up to POINT.",
      "A missing image is made. POINT is end, offset:N, time:ISO-8601, snapshot:NAME or mark:NAME;"
          + " beyond the journal's end it is waited for."
    })
final class ApplyCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Option(names = "--image", required = true, paramLabel = "PATH", description = "The image.")
  private Path image;

  @Option(
      names = "--replica",
      paramLabel = "NAME",
      description = "The replica's name (default: the one in the image; new: STEM-HOSTNAME).")
  private String replica;

  @Option(names = "--until", paramLabel = "POINT", description = "Stop there, and exit 0.")
  private String until;

  @Option(
      names = "--http",
      paramLabel = "HOST:PORT",
      description = "Serve /livez, /readyz, /metrics and /status.")
  private String http;

  @Option(
      names = "--fail-fast",
      description = "Exit 3 at the first fault instead of retrying (with --until).")
  private boolean failFast;

  @Option(
      names = "--rebuild",
      description = "Make a missing image although the registry knows the replica.")
  private boolean rebuild;

  @Option(
      names = "--source-was-dead",
      description = "Nobody wrote to the source when this unclean image was copied or restored.")
  private boolean sourceWasDead;

  @Option(
      names = "--cluster-size",
      defaultValue = "64K",
      paramLabel = "SIZE",
      description = "Cluster size of an image that has to be made (default: 64K).")
  private String clusterSize;

  ApplyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    if (replica != null) {
      Names.check("replica", replica);
    }
    return new ApplyRun(
            session,
            new ApplyRequest(
                volume,
                image,
                Optional.ofNullable(replica),
                Optional.ofNullable(until).map(Points::parse),
                failFast,
                rebuild,
                sourceWasDead,
                ClusterSize.parseOfReplica(clusterSize),
                Optional.ofNullable(http).map(Address::parse)))
        .run();
  }
}
