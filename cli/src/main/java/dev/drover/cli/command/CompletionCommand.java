package dev.drover.cli.command;

import dev.drover.cli.session.Session;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code drover completion}. */
@Command(
    name = "completion",
    description = {
      "Prints a completion script for bash and zsh.",
      "For this shell: source <(drover completion)"
    })
final class CompletionCommand implements Callable<Integer> {
  private final Session session;

  @Spec private CommandSpec spec;

  CompletionCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    session.console().text(AutoComplete.bash("drover", spec.root().commandLine()));
    return 0;
  }
}
