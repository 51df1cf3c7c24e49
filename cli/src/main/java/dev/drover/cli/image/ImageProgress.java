package dev.drover.cli.image;

import dev.drover.cli.session.Session;
import java.util.function.LongConsumer;
import picocli.CommandLine.Option;

/** {@code -p} and {@code -q} of a verb that takes its time. */
final class ImageProgress {
  @Option(names = "-p", description = "Show progress.")
  private boolean wanted;

  @Option(names = "-q", description = "Print only errors.")
  private boolean quiet;

  boolean quiet() {
    return quiet;
  }

  /** Shows how much of so many bytes is done, as qemu-img does. */
  LongConsumer of(Session session, long bytes) {
    if (!wanted || quiet) {
      return done -> {};
    }
    return done ->
        session.console().bar("(%.2f/100%%)".formatted(bytes == 0 ? 100 : 100.0 * done / bytes));
  }

  /** Says that it is done. */
  void finished(Session session, String text) {
    if (!quiet) {
      session.console().line(text);
    }
  }
}
