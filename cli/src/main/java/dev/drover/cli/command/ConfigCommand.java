package dev.drover.cli.command;

import dev.drover.cli.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drover config}. */
@Command(
    name = "config",
    description = "Settings and where they come from.",
    subcommands = ConfigCommand.Print.class)
final class ConfigCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given");
  }

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
    public Integer call() {
      List<Map<String, String>> rows = new ArrayList<>();
      for (Setting setting : session.settings().all()) {
        rows.add(
            Map.of("key", setting.key(), "value", setting.shown(), "origin", setting.origin()));
        if (!session.console().json()) {
          session
              .console()
              .line("%s=%s  (%s)".formatted(setting.key(), setting.shown(), setting.origin()));
        }
      }
      if (session.console().json()) {
        session.console().object(Map.of("settings", rows));
      }
      return 0;
    }
  }
}
