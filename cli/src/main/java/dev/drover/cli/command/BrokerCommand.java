package dev.drover.cli.command;

import dev.drover.cli.kafka.EmbeddedBroker;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.StopSignals;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drover broker}. */
@Command(
    name = "broker",
    description = {
      "Runs a real single-node Kafka in this process, for trying out.",
      "Prints 'ready HOST:PORT' once it answers, and runs until SIGTERM or SIGINT. Its data stays"
          + " in DIR: started again there, it goes on. One node keeps one copy of everything."
    })
final class BrokerCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--dir", required = true, paramLabel = "DIR", description = "Where data is kept.")
  private Path directory;

  @Option(
      names = "--port",
      defaultValue = "9092",
      paramLabel = "PORT",
      description = "Where to listen (default: 9092); 0 picks a free port.")
  private int port;

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      paramLabel = "HOST",
      description = "The interface to listen on (default: 127.0.0.1).")
  private String host;

  @Option(
      names = "--advertised-host",
      paramLabel = "HOST",
      description = "The name that clients are told to connect to (default: as --host).")
  private String advertisedHost;

  BrokerCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    if (port < 0 || port > 65535) {
      throw CommandFailure.usage(
          "ILLEGAL_PORT", "port %d is out of range".formatted(port), "give 0 to 65535");
    }
    StopSignals signals = session.stopSignals();
    String told = advertisedHost == null ? host : advertisedHost;
    var address = new EmbeddedBroker.Address(host, port, told);
    try (EmbeddedBroker broker = EmbeddedBroker.start(directory, address)) {
      if (session.console().json()) {
        session.console().object(Fields.of("type", "ready").and("address", broker.address()));
      } else {
        session.console().line("ready " + broker.address());
      }
      signals.await();
    }
    return 0;
  }
}
