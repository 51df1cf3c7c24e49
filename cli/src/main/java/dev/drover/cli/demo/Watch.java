package dev.drover.cli.demo;

import dev.drover.applier.Compensation;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.cli.config.OwnKey;
import dev.drover.cli.config.SettingSources;
import dev.drover.cli.config.Settings;
import dev.drover.cli.session.Cluster;
import dev.drover.journal.JournalException;
import dev.drover.journal.ReplicaStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Looks at the journal, the registry and the compensations as any other host could. */
final class Watch implements AutoCloseable {

  private static final int PATIENCE_SECONDS = 40;

  private final Cluster cluster;
  private final String volume;

  Watch(String bootstrapServers, String volume) throws JournalException {
    this.cluster =
        Cluster.of(
            Settings.gather(
                new SettingSources(
                    Map.of(OwnKey.BOOTSTRAP_SERVERS.key(), bootstrapServers),
                    List.of(),
                    Map.of(),
                    Optional.empty())));
    this.volume = volume;
  }

  long logEnd() throws JournalException {
    return cluster.volumes().show(volume).logEndOffset();
  }

  /** Waits until a replica has applied everything below an offset. */
  void awaitApplied(String replica, long offset) throws Exception {
    await(
        "replica " + replica + " does not come to offset " + offset,
        () ->
            cluster
                .registry()
                .replica(volume, replica)
                .filter(status -> status.appliedOffset() >= offset)
                .filter(status -> status.state() == ReplicaStatus.State.RUNNING));
  }

  /** Waits until a replica has published a compensation and marked it done. */
  Compensation awaitCompensation(String replica) throws Exception {
    return await(
        "no compensation of replica " + replica,
        () ->
            KafkaCompensationLog.readAll(cluster.settings(), volume).stream()
                .filter(each -> each.replica().equals(replica))
                .filter(each -> each.state() == Compensation.State.DONE)
                .findFirst());
  }

  private interface Look<T> {
    Optional<T> now() throws Exception;
  }

  private static <T> T await(String complaint, Look<T> look) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (System.nanoTime() < deadline) {
      Optional<T> seen = look.now();
      if (seen.isPresent()) {
        return seen.get();
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
    throw new DemoFailure(complaint);
  }

  @Override
  public void close() {
    cluster.close();
  }
}
