package dev.drover.cli.command;

import dev.drover.cli.config.Setting;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code drover config}. */
@Command(
    name = "config",
    description = "Settings and where they come from.",
    subcommands = ConfigCommand.Print.class)
final class ConfigCommand extends VerbGroup {
  /** {@code drover config print}. */
  @Command(
      name = "print",
      description = "Prints every effective setting and its origin; secrets are masked.")
  static final class Print implements Callable<Integer> {
    private final Session session;

    Print(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws Exception {
      if (session.settings().hasBootstrapServers()) {
        Cluster.kafka(session.settings()); // refuses what no verb would run with
      }
      List<Map<String, Object>> rows = new ArrayList<>();
      for (Setting setting : session.settings().all()) {
        rows.add(
            Fields.of("key", setting.key())
                .and("value", setting.shown())
                .and("origin", setting.origin())
                .map());
        if (!session.console().json()) {
          session
              .console()
              .line("%s=%s  (%s)".formatted(setting.key(), setting.shown(), setting.origin()));
        }
      }
      if (session.console().json()) {
        session.console().object(Fields.of("settings", rows));
      }
      return 0;
    }
  }
}
