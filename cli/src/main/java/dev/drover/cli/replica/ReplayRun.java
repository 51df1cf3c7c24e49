package dev.drover.cli.replica;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ApplySummary;
import dev.drover.applier.Replay;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.ReplicaPorts;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;

/** A fresh image at one point of a journal, or what it would take to make it. */
public record ReplayRun(Session session, ReplayRequest request) {

  /** Runs to the end; the exit code. */
  public int run() throws Exception {
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume = Wiring.openToRead(session, cluster, request.volume());
      ReplicaPorts ports = Wiring.replaying(session, cluster, volume);
      ReplicaOptions options;
      try {
        options = options(cluster, volume, ports, signals);
      } catch (IOException | RuntimeException e) {
        ports.source().close();
        throw e;
      }
      return replay(volume, options, ports, signals);
    }
  }

  /** Says what {@link #run} would do; writes nothing. The exit code. */
  public int dryRun() throws Exception {
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume = Wiring.openToRead(session, cluster, request.volume());
      ReplicaPorts ports = Wiring.replaying(session, cluster, volume);
      try (var source = ports.source()) {
        ReplicaOptions options = options(cluster, volume, ports, signals);
        Replay.requireRoom(options.image());
        ReplayPlan.of(volume, options, source).print(session.console());
      }
    }
    return 0;
  }

  private ReplicaOptions options(
      Cluster cluster, VolumeDescriptor volume, ReplicaPorts ports, StopSignals signals)
      throws JournalException {
    long end = PointSearch.in(volume, ports, cluster.clock(), signals).now(request.until());
    long journalEnd = ports.source().endOffset();
    if (end > journalEnd) {
      throw CommandFailure.failed(
          "POINT_BEYOND_END",
          "volume %s: offset %d is beyond the journal's end, %d"
              .formatted(volume.name(), end, journalEnd),
          "see 'drover journal dump' for what there is");
    }
    ReplicaOptions options =
        ReplicaOptions.of(request.output()).withUntil(end).withClusterBytes(request.clusterBytes());
    if (request.base().isEmpty()) {
      return options;
    }
    return options.withBase(Wiring.base(request.base().get(), cluster, volume, ports));
  }

  private int replay(
      VolumeDescriptor volume, ReplicaOptions options, ReplicaPorts ports, StopSignals signals)
      throws ApplierException, IOException {
    RunOutput said = new RunOutput(session.console(), "replay");
    try {
      ApplySummary summary =
          Replay.run(volume, options, ports, said::progressAndFaults, signals::requested);
      said.summary(summary);
      return 0;
    } catch (ApplierException e) {
      if (e.code() == ApplierException.Code.STOPPED) {
        throw new CommandFailure(
            signals.boundedExit(), e.code().name(), e.getMessage(), e.hint(), e);
      }
      throw e;
    }
  }
}
