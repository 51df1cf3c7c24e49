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
import dev.drover.journal.Point;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A fresh image at one point of a journal.
 *
 * @param volume the volume's name
 * @param output where the image is to be
 * @param until the point
 * @param clusterBytes the image's cluster size
 */
public record ReplayRun(
    Session session, String volume, Path output, Point until, int clusterBytes) {

  /** Runs to the end; the exit code. */
  public int run() throws Exception {
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = Wiring.open(session, cluster, volume);
      ReplicaPorts ports = Wiring.replaying(session, cluster, descriptor);
      long end;
      try {
        end = PointSearch.in(descriptor, ports, cluster.clock(), signals).now(until);
      } catch (IOException | RuntimeException e) {
        ports.source().close();
        throw e;
      }
      ReplicaOptions options =
          ReplicaOptions.of(output).withUntil(end).withClusterBytes(clusterBytes);
      RunOutput said = new RunOutput(session.console(), "replay");
      try {
        ApplySummary summary =
            Replay.run(descriptor, options, ports, said::progressAndFaults, signals::requested);
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
}
