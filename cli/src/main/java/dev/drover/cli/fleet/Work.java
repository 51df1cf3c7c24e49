package dev.drover.cli.fleet;

import dev.drover.cli.terminal.StopSignals;

/** What is done for one volume, from opening its image to its end. */
@FunctionalInterface
public interface Work {

  /**
   * Runs to the end.
   *
   * @return the exit code of a process that had nothing else to do
   * @throws Exception why this volume cannot go on; what it held is released
   */
  int run(StopSignals stop, Seat seat) throws Exception;
}
