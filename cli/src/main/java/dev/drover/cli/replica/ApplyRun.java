package dev.drover.cli.replica;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ApplySummary;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.ReplicaPorts;
import dev.drover.cli.http.StatusServer;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One replica that follows its volume's journal, until it is stopped or has reached its POINT. */
public final class ApplyRun {
  private static final long REPORT_EVERY_MILLIS = 1_000;

  private final Session session;
  private final ApplyRequest request;

  public ApplyRun(Session session, ApplyRequest request) {
    this.session = session;
    this.request = request;
  }

  /** Runs to the end; the exit code. */
  public int run() throws Exception {
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume = Wiring.open(session, cluster, request.replica().volume());
      ReplicaPorts ports = Wiring.following(session, cluster, volume);
      ReplicaOptions options = options();
      if (request.until().isPresent()) {
        OptionalLong until;
        try {
          until =
              PointSearch.in(volume, ports, cluster.clock(), signals)
                  .await(request.until().get(), Wiring.position(request.replica().image(), volume));
        } catch (JournalException e) {
          ports.source().close();
          throw e.code() == JournalException.Code.POINT_PASSED
              ? CommandFailure.refused(
                  e.code().name(), request.replica().image() + ": " + e.getMessage(), e.hint())
              : e;
        } catch (IOException | RuntimeException e) {
          ports.source().close();
          throw e;
        }
        if (until.isEmpty()) {
          ports.source().close();
          return signals.boundedExit();
        }
        options = options.withUntil(until.getAsLong());
      }
      try (Replica replica = Replica.start(volume, options, ports)) {
        return follow(replica, signals);
      }
    }
  }

  private ReplicaOptions options() {
    return request
        .replica()
        .options()
        .withFailFast(request.failFast())
        .withClusterBytes(request.clusterBytes());
  }

  private int follow(Replica replica, StopSignals signals) throws Exception {
    RunOutput output = new RunOutput(session.console(), "apply");
    output.started(replica.report());
    StatusServer http = null;
    try {
      if (request.replica().http().isPresent()) {
        http = StatusServer.start(request.replica().http().get(), replica::report);
        session.console().remark("health and metrics on " + http.uri());
      }
      ApplySummary summary = await(replica, signals, output);
      output.summary(summary);
      boolean stoppedShort = signals.requested() && request.until().isPresent();
      return stoppedShort ? signals.boundedExit() : 0;
    } finally {
      if (http != null) {
        http.close();
      }
    }
  }

  private static ApplySummary await(Replica replica, StopSignals signals, RunOutput output)
      throws Exception {
    CompletableFuture<ApplySummary> done = replica.done();
    signals.onFirst(() -> Thread.ofVirtual().name("stop").start(replica::close));
    while (true) {
      try {
        return done.get(REPORT_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        output.progress(replica.report());
      } catch (ExecutionException e) {
        throw e.getCause() instanceof ApplierException fault ? fault : e;
      }
    }
  }
}
