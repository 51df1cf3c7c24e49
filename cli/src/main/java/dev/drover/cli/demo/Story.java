package dev.drover.cli.demo;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import java.time.Duration;
import java.util.function.IntConsumer;

/** Tells the steps as they happen: what was done, the figures, how long it took. */
final class Story {

  /** One step; what it returns is told. A {@link DemoFailure} ends the story. */
  interface Step {
    String tell() throws Exception;
  }

  private final Console console;
  private final IntConsumer beforeStep;
  private int number;

  /**
   * @param beforeStep told each step's number before it begins
   */
  Story(Console console, IntConsumer beforeStep) {
    this.console = console;
    this.beforeStep = beforeStep;
  }

  /** How many steps have been told. */
  int steps() {
    return number;
  }

  void step(String name, Step step) throws InterruptedException {
    beforeStep.accept(++number);
    long start = System.nanoTime();
    String figures;
    try {
      figures = step.tell();
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new CommandFailure(
          1,
          "DEMO_FAILED",
          "step %d (%s): %s".formatted(number, name, e.getMessage()),
          "what the processes said is in the demo's folder, see --dir",
          e);
    }
    double seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
    if (console.json()) {
      console.object(
          Fields.of("type", "step")
              .and("step", number)
              .and("name", name)
              .and("figures", figures)
              .and("seconds", seconds));
    } else {
      console.line("%2d. %s\n    %s  (%.1f s)".formatted(number, name, figures, seconds));
    }
  }
}
