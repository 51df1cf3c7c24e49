package dev.drover.cli.replica;

import dev.drover.cli.fleet.Fleet;
import dev.drover.cli.fleet.Selection;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.StopSignals;

/** {@code apply}: one volume, or several that do not notice one another. */
public final class ApplyRun {
  private final Session session;

  public ApplyRun(Session session) {
    this.session = session;
  }

  /** Applies one volume to its end; the exit code. */
  public int one(ApplyRequest request) throws Exception {
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster();
        SoleSeat seat = new SoleSeat(session.console(), request.replica().http())) {
      RunOutput output = new RunOutput(session.console(), "apply");
      ApplyVolume work = new ApplyVolume(session, cluster, request, output);
      return new SoleRun(cluster, seat, request.replica(), request.failFast())
          .run(
              work,
              signals,
              () -> request.until().isPresent() ? signals.boundedExit() : Exit.DONE.code());
    }
  }

  /**
   * Applies several volumes to their end; the exit code.
   *
   * @param common what is asked of each of them; its volume and image stand for none
   */
  public int many(Selection selection, ApplyRequest common) throws Exception {
    StopSignals signals = session.stopSignals();
    ApplyRequest each = common.sharingMemory(MemoryPlan.ofThisProcess(selection.most()).replica());
    try (Cluster cluster = session.cluster()) {
      return new Fleet(
              session.console(),
              cluster,
              selection,
              common.until().isPresent(),
              target ->
                  new ApplyVolume(
                      session,
                      cluster,
                      each.of(target),
                      new RunOutput(session.console(), "apply", false)))
          .run(signals, common.replica().http());
    }
  }
}
