package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The image of a verb that tells of one, and how to print it. */
final class ImageToLookAt {
  @Parameters(paramLabel = "FILE", description = "The image.")
  private Path file;

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2 or raw (default: look).")
  private String format;

  @Option(
      names = "--output",
      defaultValue = "human",
      paramLabel = "human|json",
      description = "How to print it.")
  private OutputFormat output;

  @Option(
      names = {"-U", "--force-share"},
      description = "Look although another process may be writing.")
  private boolean forced;

  Path file() {
    return file;
  }

  /** The format given; null: look. */
  Format format() {
    return Format.parse(format);
  }

  boolean json(Session session) {
    return output == OutputFormat.JSON || session.console().json();
  }

  boolean forced() {
    return forced;
  }
}
