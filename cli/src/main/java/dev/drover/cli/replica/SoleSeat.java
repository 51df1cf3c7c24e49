package dev.drover.cli.replica;

import dev.drover.applier.ReplicaReport;
import dev.drover.cli.fleet.Seat;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.http.FollowedVolume;
import dev.drover.cli.http.StatusServer;
import dev.drover.cli.terminal.CommandFailure;
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
  private volatile Supplier<ReplicaReport> replica;
  private volatile Supplier<GatewayStats> gateway;
  private volatile CommandFailure failure;
  private StatusServer http;

  /**
   * @param address where to serve health and metrics, if anywhere
   */
  SoleSeat(Console console, Optional<InetSocketAddress> address) {
    this.console = console;
    this.address = address;
  }

  /** The image cannot be opened or made yet, for a reason that passes by itself. */
  void waits(Target target, CommandFailure why) throws IOException {
    if (failure == null || !failure.code().equals(why.code())) {
      console.remark(
          "volume %s: FAULTED (%s): %s; %s"
              .formatted(target.volume(), why.code(), why.getMessage(), why.hint()));
    }
    failure = why;
    serve(target);
  }

  @Override
  public void opened(Supplier<ReplicaReport> opened) throws IOException {
    replica = opened;
    if (failure != null) {
      console.remark("volume %s: running again".formatted(opened.get().volume()));
    }
    failure = null;
    serve(new Target(opened.get().volume(), opened.get().image()));
  }

  private void serve(Target target) throws IOException {
    if (address.isPresent() && http == null) {
      http = StatusServer.ofOne(address.get(), () -> view(target));
      console.remark("health and metrics on " + http.uri());
    }
  }

  private FollowedVolume view(Target target) {
    return new FollowedVolume(
        target.volume(),
        target.image(),
        Optional.ofNullable(replica).map(Supplier::get),
        Optional.ofNullable(gateway).map(Supplier::get),
        Optional.ofNullable(failure));
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
