package dev.drover.cli.replica;

import dev.drover.cli.fleet.Fleet;
import dev.drover.cli.fleet.Selection;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.StopSignals;

/** {@code serve}: one volume, or several behind one listener that do not notice one another. */
public final class ServeRun {
  private final Session session;

  public ServeRun(Session session) {
    this.session = session;
  }

  /** Serves one volume until stopped; the exit code. */
  public int one(ServeRequest asked) throws Exception {
    ServeRequest request = asked.sharing(MemoryPlan.ofThisProcess(1));
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster();
        SoleSeat seat = new SoleSeat(session.console(), request.replica().http());
        Doors doors = doors(request, false)) {
      cluster.volumes().requireBroker();
      doors.requireListenable();
      RunOutput output = new RunOutput(session.console(), "serve");
      ServeVolume work = new ServeVolume(session, cluster, request, doors, output);
      return new SoleRun(cluster, seat, request.replica(), false)
          .run(work, signals, Exit.DONE::code);
    }
  }

  /**
   * Serves several volumes until stopped; the exit code.
   *
   * @param common what is asked of each of them; its volume and image stand for none
   */
  public int many(Selection selection, ServeRequest common) throws Exception {
    StopSignals signals = session.stopSignals();
    ServeRequest each = common.sharing(MemoryPlan.ofThisProcess(selection.most()));
    try (Cluster cluster = session.cluster();
        Doors doors = doors(common, true)) {
      cluster.volumes().requireBroker();
      doors.requireListenable();
      doors.open();
      return new Fleet(
              session.console(),
              cluster,
              selection,
              false,
              target ->
                  new ServeVolume(
                      session,
                      cluster,
                      each.of(target),
                      doors,
                      new RunOutput(session.console(), "serve", false)))
          .run(signals, common.replica().http());
    }
  }

  private Doors doors(ServeRequest request, boolean shared) {
    return new Doors(session.console(), request.listen(), request.socket(), shared);
  }
}
