package dev.drover.cli;

import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.LogLevels;
import dev.drover.cli.terminal.StopSignals;

/** The process. */
public final class Drover {
  public static void main(String[] args) {
    LogLevels.configure(args);
    Session session = new Session(Console.system(), System.getenv(), StopSignals::install);
    System.exit(DroverCommand.line(session).execute(args));
  }

  private Drover() {}
}
