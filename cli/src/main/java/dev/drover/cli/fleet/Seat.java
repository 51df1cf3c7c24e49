package dev.drover.cli.fleet;

import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaReport;
import dev.drover.nbd.GatewayStats;
import java.util.function.Supplier;

/** Where the work on one volume shows itself, alone in its process or among others. */
public interface Seat {

  /** The replica is open; what it does can be asked from now on. */
  void opened(Supplier<ReplicaReport> replica) throws Exception;

  /** The gateway is up as well. */
  default void serving(Supplier<GatewayStats> gateway) throws Exception {}

  /**
   * The work is over and needs the replica no more. A replica that is alone is closed; one of many
   * that ended FAULTED goes on saying so until the process ends.
   */
  default void leave(Replica replica) {
    replica.close();
  }
}
