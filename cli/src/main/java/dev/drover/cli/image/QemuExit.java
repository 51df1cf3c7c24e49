package dev.drover.cli.image;

import dev.drover.cli.session.FailureReport;
import dev.drover.cli.terminal.CommandFailure;
import java.io.IOException;

/** A failure in our words under qemu-img's exit code. */
final class QemuExit {
  /** The verb could not do it, whatever the reason. */
  static final int FAILED = 1;

  /** compare: an image cannot be opened. */
  static final int CANNOT_OPEN = 2;

  /** compare: an image cannot be read. */
  static final int CANNOT_READ = 4;

  /** check: the format has nothing to check. */
  static final int NOTHING_TO_CHECK = 63;

  static CommandFailure of(int exit, IOException e) {
    CommandFailure told = FailureReport.of(e);
    return new CommandFailure(exit, told.code(), told.getMessage(), told.hint(), e);
  }

  private QemuExit() {}
}
