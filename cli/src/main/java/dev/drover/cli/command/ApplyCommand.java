package dev.drover.cli.command;

import dev.drover.cli.fleet.Target;
import dev.drover.cli.replica.ApplyRequest;
import dev.drover.cli.replica.ApplyRun;
import dev.drover.cli.replica.ReplicaRequest;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.Points;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drover apply}. */
@Command(
    name = "apply",
    description = {
      "Applies a volume's journal to an image: until stopped, or up to POINT.",
      "Several volumes in one process: NAME=PATH for each, or --dir; none holds up another.",
      "A missing image is made. POINT is end, offset:N (all below N), time:ISO-8601, snapshot:NAME"
          + " or mark:NAME (that record included); beyond the journal's end it is waited for."
    })
final class ApplyCommand implements Callable<Integer> {
  private final Session session;

  @Mixin private VolumeFlags volumes;

  @Option(names = "--until", paramLabel = "POINT", description = "Stop there, and exit 0.")
  private String until;

  @Option(
      names = "--fail-fast",
      description = "Exit 3 at the first fault instead of retrying (with --until).")
  private boolean failFast;

  @Mixin private BaseFlag base;

  @Mixin private ReplicaFlags replica;

  @Mixin private ClusterSizeFlag clusterSize;

  ApplyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    ApplyRun run = new ApplyRun(session);
    Optional<Target> one = volumes.one();
    if (one.isEmpty()) {
      base.requireNone();
    }
    return one.isPresent()
        ? run.one(request(replica.request(one.get())))
        : run.many(volumes.several(), request(replica.common()));
  }

  private ApplyRequest request(ReplicaRequest ofReplica) {
    return new ApplyRequest(
        ofReplica,
        Optional.ofNullable(until).map(Points::parse),
        failFast,
        clusterSize.bytes(),
        base.image());
  }
}
