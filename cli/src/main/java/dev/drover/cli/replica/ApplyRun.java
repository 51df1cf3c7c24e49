package dev.drover.cli.replica;

import dev.drover.cli.fleet.Fleet;
import dev.drover.cli.fleet.Selection;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** {@code apply}: one volume, or several that do not notice one another. */
public final class ApplyRun {
  private static final Duration FIRST_WAIT = Duration.ofMillis(200);
  private static final long LONGEST_MILLIS = Duration.ofSeconds(5).toMillis();

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
      for (long wait = FIRST_WAIT.toMillis(); ; wait = Math.min(2 * wait, LONGEST_MILLIS)) {
        try {
          return work.run(signals, seat);
        } catch (IOException e) {
          wait(e, request, seat);
        }
        if (signals.await(wait, TimeUnit.MILLISECONDS)) {
          return request.until().isPresent() ? signals.boundedExit() : 0;
        }
      }
    }
  }

  /**
   * A disk that was too full to make the image, or to open it, is as retriable as one that fills up
   * later; anything else ends the process.
   */
  private static void wait(IOException cause, ApplyRequest request, SoleSeat seat)
      throws IOException {
    boolean full =
        cause instanceof DiskFullException
            || cause instanceof Qcow2Exception e && e.code() == Qcow2Exception.Code.NO_SPACE;
    if (!full) {
      throw cause;
    }
    ReplicaRequest replica = request.replica();
    CommandFailure why =
        new CommandFailure(
            Exit.REFUSED.code(),
            "NO_SPACE",
            "%s: cannot be made: %s".formatted(replica.image(), cause.getMessage()),
            "make space on its filesystem; it goes on by itself",
            cause);
    if (request.failFast()) {
      throw why;
    }
    seat.waits(new Target(replica.volume(), replica.image()), why);
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
