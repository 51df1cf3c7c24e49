package dev.drover.cli.command;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A word that only groups verbs: by itself it says so. */
public class VerbGroup implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    String verbs = String.join(", ", spec.subcommands().keySet());
    throw new ParameterException(
        spec.commandLine(), "'%s' needs a verb: %s".formatted(spec.qualifiedName(), verbs));
  }
}
