package dev.drover.cli.replica;

import dev.drover.applier.ReplicaReport;
import dev.drover.cli.fleet.Seat;
import dev.drover.cli.http.FollowedVolume;
import dev.drover.cli.http.StatusServer;
import dev.drover.cli.terminal.Console;
import dev.drover.nbd.GatewayStats;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.Supplier;

/** The seat of the only volume of a process: its health is the process's. */
final class SoleSeat implements Seat, AutoCloseable {
  private final Console console;
  private final Optional<InetSocketAddress> address;
  private volatile Supplier<GatewayStats> gateway;
  private StatusServer http;

  /**
   * @param address where to serve health and metrics, if anywhere
   */
  SoleSeat(Console console, Optional<InetSocketAddress> address) {
    this.console = console;
    this.address = address;
  }

  @Override
  public void opened(Supplier<ReplicaReport> replica) throws IOException {
    if (address.isPresent()) {
      http =
          StatusServer.ofOne(
              address.get(),
              () ->
                  FollowedVolume.alone(
                      replica.get(), Optional.ofNullable(gateway).map(Supplier::get)));
      console.remark("health and metrics on " + http.uri());
    }
  }

  @Override
  public void serving(Supplier<GatewayStats> stats) {
    gateway = stats;
  }

  @Override
  public void close() {
    if (http != null) {
      http.close();
    }
  }
}
