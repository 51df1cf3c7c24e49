package dev.drover.cli.replica;

import dev.drover.applier.LocalHost;
import dev.drover.cli.fleet.NoRoom;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.fleet.UnopenedReplicas;
import dev.drover.cli.fleet.Work;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.StopSignals;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * The only volume of a process. Where there is no room for its image it waits for some, and says
 * so; anything else that keeps it from being opened ends the process.
 */
final class SoleRun {
  private static final Duration FIRST_WAIT = Duration.ofMillis(200);
  private static final long LONGEST_MILLIS = Duration.ofSeconds(5).toMillis();

  private final UnopenedReplicas unopened;
  private final SoleSeat seat;
  private final ReplicaRequest replica;
  private final boolean failFast;

  SoleRun(Cluster cluster, SoleSeat seat, ReplicaRequest replica, boolean failFast) {
    this.unopened = new UnopenedReplicas(cluster.registry(), LocalHost.detect());
    this.seat = seat;
    this.replica = replica;
    this.failFast = failFast;
  }

  /**
   * Runs to the end.
   *
   * @param stoppedExit the exit code when it was stopped while it waited
   * @return the exit code
   */
  int run(Work work, StopSignals signals, IntSupplier stoppedExit) throws Exception {
    Target target = new Target(replica.volume(), replica.image());
    try {
      for (long wait = FIRST_WAIT.toMillis(); ; wait = Math.min(2 * wait, LONGEST_MILLIS)) {
        try {
          return work.run(signals, seat);
        } catch (IOException e) {
          CommandFailure why = NoRoom.of(e, replica.image()).orElseThrow(() -> e);
          if (failFast) {
            throw why;
          }
          seat.waits(target, why);
          unopened.tell(target, replica.replica(), why, System.nanoTime());
        }
        if (signals.await(wait, TimeUnit.MILLISECONDS)) {
          return stoppedExit.getAsInt();
        }
      }
    } finally {
      unopened.takeBack();
    }
  }
}
