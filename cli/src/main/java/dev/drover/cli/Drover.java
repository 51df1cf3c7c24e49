package dev.drover.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code drover} command. */
@Command(name = "drover", mixinStandardHelpOptions = true, version = "drover 0.1.0-SNAPSHOT")
final class Drover implements Runnable {

  public static void main(String[] args) {
    System.exit(new CommandLine(new Drover()).execute(args));
  }

  @Override
  public void run() {
    CommandLine.usage(this, System.err);
  }

  private Drover() {}
}
