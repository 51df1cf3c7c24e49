package dev.drover.cli.replica;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ApplySummary;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.ReplicaPorts;
import dev.drover.cli.fleet.Seat;
import dev.drover.cli.fleet.Work;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.CheckedVolume;
import java.io.IOException;
import java.nio.file.Files;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One replica that follows its volume's journal, until it is stopped or has reached its POINT. */
final class ApplyVolume implements Work {
  private static final long REPORT_EVERY_MILLIS = 1_000;

  private final Session session;
  private final Cluster cluster;
  private final ApplyRequest request;
  private final RunOutput output;

  ApplyVolume(Session session, Cluster cluster, ApplyRequest request, RunOutput output) {
    this.session = session;
    this.cluster = cluster;
    this.request = request;
    this.output = output;
  }

  @Override
  public int run(StopSignals stop, Seat seat) throws Exception {
    CheckedVolume checked = Wiring.open(session, cluster, request.replica().volume());
    VolumeDescriptor volume = checked.descriptor();
    ReplicaPorts ports = Wiring.following(session, cluster, volume, request.replica().memory());
    ReplicaOptions options =
        request
            .replica()
            .options()
            .withFailFast(request.failFast())
            .withClusterBytes(request.clusterBytes());
    if (request.until().isPresent()) {
      OptionalLong until = until(volume, ports, stop);
      if (until.isEmpty()) {
        ports.source().close();
        return stop.boundedExit();
      }
      options = options.withUntil(until.getAsLong());
    }
    Replica replica = Replica.start(volume, begun(options, volume, ports), ports);
    try (TopicWatch topics = TopicWatch.start(session, cluster, checked)) {
      seat.opened(replica::report);
      return follow(replica, topics, stop);
    } finally {
      seat.leave(replica);
    }
  }

  /** With its base, unless an earlier run has made it: it goes on from where it is. */
  private ReplicaOptions begun(
      ReplicaOptions options, VolumeDescriptor volume, ReplicaPorts ports) {
    return request.base().isEmpty() || Files.exists(options.image())
        ? options
        : options.withBase(Wiring.base(request.base().get(), cluster, volume, ports));
  }

  /** Empty when asked to stop before the point was there; closes the source when it throws. */
  private OptionalLong until(VolumeDescriptor volume, ReplicaPorts ports, StopSignals stop)
      throws IOException, InterruptedException {
    try {
      return PointSearch.in(volume, ports, cluster.clock(), stop)
          .await(
              request.until().orElseThrow(),
              Wiring.position(request.replica().image(), volume),
              end -> sayWaiting(volume, end));
    } catch (JournalException e) {
      ports.source().close();
      if (e.code() == JournalException.Code.POINT_PASSED) {
        throw CommandFailure.refused(
            e.code().name(), request.replica().image() + ": " + e.getMessage(), e.hint());
      }
      throw e;
    } catch (IOException | RuntimeException e) {
      ports.source().close();
      throw e;
    }
  }

  private void sayWaiting(VolumeDescriptor volume, long end) {
    session
        .console()
        .remark(
            "apply: volume %s: waits until its point has passed; the journal ends at offset %d"
                .formatted(volume.name(), end));
  }

  private int follow(Replica replica, TopicWatch topics, StopSignals stop) throws Exception {
    output.started(replica.report());
    ApplySummary summary = await(replica, topics, stop);
    output.summary(summary);
    boolean stoppedShort = stop.requested() && request.until().isPresent();
    return stoppedShort ? stop.boundedExit() : 0;
  }

  private ApplySummary await(Replica replica, TopicWatch topics, StopSignals stop)
      throws Exception {
    CompletableFuture<ApplySummary> done = replica.done();
    stop.onFirst(() -> Thread.ofVirtual().name("stop").start(replica::close));
    while (true) {
      try {
        return done.get(REPORT_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        output.progress(replica.report());
        JournalException weak = topics.trouble().getNow(null);
        if (weak != null) {
          replica.close(weak.getMessage(), weak.hint());
          throw weak;
        }
      } catch (ExecutionException e) {
        throw e.getCause() instanceof ApplierException fault ? fault : e;
      }
    }
  }
}
