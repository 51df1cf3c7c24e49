package dev.drover.cli.command;

import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.Names;
import dev.drover.journal.ReplicaStatus;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover replica forget}. */
@Command(
    name = "forget",
    description =
        "Removes a stopped replica from the registry, and its compensations. Its image stays as it"
            + " is.")
final class ReplicaForget implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Parameters(index = "1", paramLabel = "REPLICA", description = "The replica.")
  private String replica;

  ReplicaForget(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    Names.check("replica", replica);
    try (Cluster cluster = session.cluster()) {
      cluster.volumes().find(volume);
      Optional<ReplicaStatus> known = cluster.registry().replica(volume, replica);
      if (known.isEmpty()) {
        throw CommandFailure.failed(
            "REPLICA_MISSING",
            "volume %s has no replica %s".formatted(volume, replica),
            "see 'drover replica list " + volume + "'");
      }
      if (known.get().isAlive(cluster.registry().now())) {
        throw CommandFailure.refused(
            "REPLICA_ALIVE",
            "replica %s of volume %s is alive on %s (image %s), last heard of at %s"
                .formatted(
                    replica,
                    volume,
                    known.get().host(),
                    known.get().image(),
                    known.get().lastSeen()),
            "stop it first");
      }
      KafkaCompensationLog.forget(cluster.settings(), volume, replica);
      cluster.volumes().forget(volume, replica);
    }
    if (session.console().json()) {
      session.console().object(Fields.of("forgotten", replica).and("volume", volume));
    }
    return 0;
  }
}
