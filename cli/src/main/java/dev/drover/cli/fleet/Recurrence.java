package dev.drover.cli.fleet;

import dev.drover.applier.ApplierException;
import dev.drover.journal.JournalException;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/**
 * Whether a volume that could not be opened, or has ended, is worth another try by itself: its
 * cause passes without anybody deciding anything. The table in docs/operating.md says the same for
 * people.
 */
final class Recurrence {
  private Recurrence() {}

  static boolean mayPass(Throwable failure) {
    return switch (failure) {
      case JournalException e -> mayPass(e);
      case ApplierException e -> mayPass(e.code());
      case Qcow2Exception e ->
          e.code() == Qcow2Exception.Code.NO_SPACE || e.code() == Qcow2Exception.Code.IMAGE_IN_USE;
      case DiskFullException _ -> true;
      // A path that is missing, forbidden or taken: somebody has to put it right.
      case FileSystemException _ -> false;
      case IOException _ -> true;
      default -> false;
    };
  }

  private static boolean mayPass(JournalException e) {
    return e.retriable()
        || e.code() == JournalException.Code.VOLUME_NOT_READY
        || e.code() == JournalException.Code.APPEND_FAILED;
  }

  private static boolean mayPass(ApplierException.Code code) {
    return code == ApplierException.Code.LOG_UNAVAILABLE
        || code == ApplierException.Code.NAME_IN_USE
        || code == ApplierException.Code.VOLUME_NOT_READY;
  }
}
