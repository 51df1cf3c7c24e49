package dev.drover.cli.session;

import dev.drover.applier.ApplierException;
import dev.drover.cli.kafka.BrokerFailure;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.value.IllegalValue;
import dev.drover.journal.JournalException;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** Which exit code and which words each kind of failure becomes: the one place that knows. */
public final class FailureReport {
  /** What the caller is told of this failure. */
  public static CommandFailure of(Throwable e) {
    return switch (e) {
      case CommandFailure failure -> failure;
      case IllegalValue illegal ->
          report(Exit.USAGE, "ILLEGAL_VALUE", illegal.getMessage(), "", illegal);
      case BrokerFailure broker -> ofBroker(broker);
      case JournalException journal -> ofJournal(journal);
      case Qcow2Exception image ->
          report(ofImage(image.code()), image.code().name(), text(image), image.hint(), image);
      case ApplierException applier ->
          report(
              applier.refused() ? Exit.REFUSED : Exit.FAILED,
              applier.code().name(),
              text(applier),
              applier.hint(),
              applier);
      case DiskFullException full ->
          report(Exit.FAILED, "NO_SPACE", text(full), "make space and run it again", full);
      case NoSuchFileException missing ->
          report(Exit.FAILED, "NO_SUCH_FILE", missing.getFile() + " does not exist", "", missing);
      case FileAlreadyExistsException exists ->
          report(
              Exit.REFUSED,
              "OUTPUT_EXISTS",
              exists.getFile() + " exists already",
              "give another path, or remove it first",
              exists);
      case AccessDeniedException denied ->
          report(
              Exit.FAILED,
              "ACCESS_DENIED",
              denied.getFile() + " may not be opened by this user",
              "",
              denied);
      case IOException io -> report(Exit.FAILED, "IO_ERROR", text(io), "", io);
      case InterruptedException stopped ->
          report(Exit.INTERRUPTED, "INTERRUPTED", "interrupted", "", stopped);
      default ->
          report(
              Exit.FAILED,
              "INTERNAL",
              "internal error: " + text(e),
              "run it again with -v and report what it prints",
              e);
    };
  }

  private static CommandFailure ofJournal(JournalException e) {
    Exit exit =
        switch (e.code().kind()) {
          case RETRIABLE, FAILED -> Exit.FAILED;
          case USAGE -> Exit.USAGE;
          case REFUSED -> Exit.REFUSED;
        };
    // Half a volume looks like a whole one to whoever opens the image.
    boolean half = e.code() == JournalException.Code.VOLUME_NOT_READY;
    return report(half ? Exit.REFUSED : exit, e.code().name(), text(e), e.hint(), e);
  }

  /** How the verbs other than qemu-img's own end when an image is at fault. */
  private static Exit ofImage(Qcow2Exception.Code code) {
    return switch (code) {
      case NOT_QCOW2, NO_SPACE, READ_ONLY, SNAPSHOT, BITMAP -> Exit.FAILED;
      case OUT_OF_RANGE, INVALID_OPTION -> Exit.USAGE;
      case UNSUPPORTED,
          CORRUPT,
          TRUNCATED,
          IMAGE_IN_USE,
          NOT_A_REPLICA,
          MODIFIED,
          POSITION_LOST,
          BACKING_REFUSED,
          DATA_FILE_REFUSED ->
          Exit.REFUSED;
    };
  }

  private static CommandFailure ofBroker(BrokerFailure e) {
    return switch (e.reason()) {
      case PORT_IN_USE ->
          report(Exit.FAILED, "PORT_IN_USE", e.getMessage(), "give another --port, or 0", e);
      case DIRECTORY_IN_USE ->
          report(
              Exit.REFUSED,
              "DIRECTORY_IN_USE",
              e.getMessage(),
              "stop that broker, or give another --dir",
              e);
      case DIRECTORY_UNUSABLE ->
          report(Exit.FAILED, "DIRECTORY_UNUSABLE", e.getMessage(), "give another --dir", e);
      case DID_NOT_ANSWER ->
          report(Exit.FAILED, "BROKER_UNREACHABLE", e.getMessage(), "run it with -v", e);
    };
  }

  private static String text(Throwable e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static CommandFailure report(
      Exit exit, String code, String message, String hint, Throwable cause) {
    return new CommandFailure(exit.code(), code, message, hint, cause);
  }

  private FailureReport() {}
}
