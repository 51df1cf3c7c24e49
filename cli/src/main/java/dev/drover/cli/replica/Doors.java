package dev.drover.cli.replica;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.nbd.Gateway;
import dev.drover.nbd.server.NbdServer;
import dev.drover.nbd.server.NbdServerOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Where guests connect: one listener on each address, one export a volume. What is served by itself
 * listens only when it is ready; several volumes share what listens from the start, and each is an
 * export when it is ready.
 */
final class Doors implements AutoCloseable {
  private static final Duration LAST_REPLIES = Duration.ofSeconds(3);

  private final Console console;
  private final Optional<InetSocketAddress> listen;
  private final Optional<Path> socket;
  private final boolean shared;
  private final NbdServer server;
  private final List<Function<String, URI>> addresses = new ArrayList<>();

  /**
   * @param shared by several volumes: what one leaves goes on for the others
   */
  Doors(
      Console console, Optional<InetSocketAddress> listen, Optional<Path> socket, boolean shared) {
    this.console = console;
    this.listen = listen;
    this.socket = socket;
    this.shared = shared;
    this.server =
        new NbdServer(List.of(), shared ? NbdServerOptions.ONE_OF_MANY : NbdServerOptions.DEFAULT);
  }

  /** Asked before anything is made or taken; somebody may still be faster. */
  void requireListenable() {
    if (listen.isEmpty() || listen.get().getPort() == 0) {
      return;
    }
    InetSocketAddress address = listen.get();
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(address);
    } catch (IOException e) {
      throw CommandFailure.failed(
          "CANNOT_LISTEN",
          "cannot listen on %s:%d: %s"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          "give another --listen, or port 0");
    }
  }

  /** Listens from now on, if it does not yet. */
  synchronized void open() throws IOException {
    if (!addresses.isEmpty()) {
      return;
    }
    if (listen.isPresent()) {
      InetSocketAddress bound = server.listen(listen.get());
      addresses.add(export -> NbdServer.uri(bound, export));
    }
    if (socket.isPresent()) {
      server.listen(socket.get());
      addresses.add(export -> NbdServer.uri(socket.get(), export));
    }
  }

  /** Offers a volume, and says so. */
  void offer(Gateway gateway, long epoch) throws IOException {
    server.export(gateway);
    open();
    for (Function<String, URI> address : addresses) {
      ready(gateway.name(), address.apply(gateway.name()), epoch);
    }
  }

  private void ready(String volume, URI uri, long epoch) {
    if (console.json()) {
      console.object(
          Fields.of("type", "ready")
              .and("volume", volume)
              .and("uri", uri.toString())
              .and("epoch", epoch));
    } else {
      console.line("ready " + uri);
    }
  }

  /** Answers what a volume's clients have asked for, and disconnects them. */
  void withdraw(String volume) {
    if (shared) {
      server.withdraw(volume, LAST_REPLIES);
    } else {
      close();
    }
  }

  @Override
  public void close() {
    server.close(LAST_REPLIES);
  }
}
