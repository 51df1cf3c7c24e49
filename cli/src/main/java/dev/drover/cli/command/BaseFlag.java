package dev.drover.cli.command;

import dev.drover.cli.value.IllegalValue;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flag of the verbs that can begin a new image from another replica. */
final class BaseFlag {
  @Option(
      names = "--base",
      paramLabel = "IMAGE",
      description =
          "Begin a new image from a copy of this stopped replica or, where it is beyond POINT, of"
              + " the latest of its snapshots that is not.")
  private Path base;

  /** The replica to begin from, if one was given. */
  Optional<Path> image() {
    return Optional.ofNullable(base);
  }

  /** Refuses it where there are several volumes: an image is of one of them. */
  void requireNone() {
    if (base != null) {
      throw new IllegalValue("--base is an image of one volume; give NAME --image PATH");
    }
  }
}
