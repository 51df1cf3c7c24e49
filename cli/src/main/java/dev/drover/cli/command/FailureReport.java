package dev.drover.cli.command;

import dev.drover.cli.broker.BrokerFailure;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.value.IllegalValue;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** Which exit code and which words each kind of failure becomes: the one place that knows. */
final class FailureReport {
  static CommandFailure of(Throwable e) {
    return switch (e) {
      case CommandFailure failure -> failure;
      case IllegalValue illegal ->
          report(Exit.USAGE, "ILLEGAL_VALUE", illegal.getMessage(), "", illegal);
      case BrokerFailure broker -> ofBroker(broker);
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
