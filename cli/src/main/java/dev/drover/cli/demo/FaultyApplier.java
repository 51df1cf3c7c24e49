package dev.drover.cli.demo;

import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.LogLevels;
import dev.drover.cli.terminal.StopSignals;

/** The command as it is, on files of which one write fails: the demo's one injected error. */
final class FaultyApplier {

  public static void main(String[] args) {
    LogLevels.configure(args);
    Session session =
        new Session(
            Console.system(),
            System.getenv(),
            StopSignals::install,
            (path, create) -> new FailOnceFile(Session.hostFile(path, create)));
    System.exit(DroverCommand.line(session).execute(args));
  }

  private FaultyApplier() {}
}
