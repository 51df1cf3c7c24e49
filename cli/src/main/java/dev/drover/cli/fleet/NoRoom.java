package dev.drover.cli.fleet;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.DiskFullException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A disk that was too full to make an image, or to open it: as retriable as one that fills up
 * later.
 */
public final class NoRoom {
  static final String CODE = "NO_SPACE";

  private NoRoom() {}

  /** What to say of it; empty when the cause is another one. */
  public static Optional<CommandFailure> of(Throwable cause, Path image) {
    boolean full =
        cause instanceof DiskFullException
            || cause instanceof Qcow2Exception e && e.code() == Qcow2Exception.Code.NO_SPACE;
    return full
        ? Optional.of(
            new CommandFailure(
                Exit.REFUSED.code(),
                CODE,
                "%s: cannot be made: %s".formatted(image, cause.getMessage()),
                "make space on its filesystem; it goes on by itself",
                cause))
        : Optional.empty();
  }
}
