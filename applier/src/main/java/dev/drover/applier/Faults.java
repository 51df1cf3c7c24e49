package dev.drover.applier;

import dev.drover.journal.JournalException;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.time.Instant;

/** Which causes a replica retries by itself, and what it tells an operator about each. */
final class Faults {

  private Faults() {}

  /** Judges what a step threw. */
  static Fault of(Exception cause, String image, Instant now) {
    return switch (cause) {
      case DiskFullException _ -> diskFull(cause, image, now);
      case Qcow2Exception e when e.code() == Qcow2Exception.Code.NO_SPACE ->
          diskFull(cause, image, now);
      case Qcow2Exception e -> new Fault(e.code().name(), e.getMessage(), e.hint(), false, now);
      case JournalException e ->
          new Fault(e.code().name(), e.getMessage(), e.hint(), e.retriable(), now);
      case ApplierException e ->
          new Fault(
              e.code().name(),
              e.getMessage(),
              e.hint(),
              e.code() == ApplierException.Code.LOG_UNAVAILABLE,
              now);
      case IOException e ->
          new Fault(
              "IO",
              inLine(image, e),
              "check the device below the image; it is tried again by itself",
              true,
              now);
      default -> throw new IllegalArgumentException("not a cause that a step throws", cause);
    };
  }

  /** An image that contradicts itself is not written to any more, not even to clean it. */
  static boolean isCorrupt(Exception cause) {
    return cause instanceof Qcow2Exception e
        && (e.code() == Qcow2Exception.Code.CORRUPT || e.code() == Qcow2Exception.Code.TRUNCATED);
  }

  private static Fault diskFull(Exception cause, String image, Instant now) {
    return new Fault(
        "NO_SPACE",
        inLine(image, cause),
        "make space on the image's filesystem; the replica goes on by itself",
        true,
        now);
  }

  private static String inLine(String image, Exception cause) {
    String message = String.valueOf(cause.getMessage());
    return message.startsWith(image) ? message : image + ": " + message;
  }
}
