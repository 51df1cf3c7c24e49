package dev.drover.applier;

import java.util.Objects;

/**
 * Why a replica can't be opened, or can't go on: a stable code, one line that says what, where and
 * why, and a hint on what to do. Faults of the image and of the journal keep their own types
 * ({@link dev.drover.qcow2.Qcow2Exception}, {@link dev.drover.journal.JournalException}) until they
 * stop a replica; then they are the cause of one of these.
 */
public final class ApplierException extends Exception {

  private static final long serialVersionUID = 1;

  /** Stable: scripts and the registry see these names. */
  public enum Code {
    /** The image follows another volume. */
    FOREIGN_IMAGE(true),
    /** The journal is not the one that the image followed: recreated, or another cluster's. */
    FOREIGN_JOURNAL(true),
    /** Somebody else has written to the image. */
    IMAGE_MODIFIED(true),
    /** The image is a copy that was taken while its source was being written. */
    COPIED_WHILE_RUNNING(true),
    /** The replica's name is alive on another image. */
    NAME_IN_USE(true),
    /** The registry knows the replica, and its image is gone. */
    IMAGE_GONE(true),
    /** The requested point lies below the image's position, or below its gate. */
    POINT_PASSED(true),
    /** The requested point lies beyond the journal's end. */
    POINT_BEYOND_END(false),
    /** What would be made exists. */
    OUTPUT_EXISTS(true),
    /** The volume is not in a state to be applied. */
    VOLUME_NOT_READY(true),
    /** The image is at no point of the journal until replay has passed its gate. */
    BELOW_GATE(true),
    /** The image was not stopped in order, and something else is to be made from it. */
    NOT_AT_POINT(true),
    /** Another process took over this replica's identity. */
    FENCED(true),
    /** Where compensations and the group offset go cannot be reached. */
    LOG_UNAVAILABLE(false),
    /** Kafka refuses this replica the right to write there. */
    LOG_REFUSED(false),
    /** The applying stopped, or was asked to stop at the first fault: see the cause. */
    FAULTED(true),
    /** The image's file could not be made, opened or read. */
    IMAGE_IO(false),
    /** The position that the image carries is not one this program can read. */
    UNKNOWN_STATE(true),
    /** It was asked to stop before it was complete. */
    STOPPED(false);

    private final boolean refused;

    Code(boolean refused) {
      this.refused = refused;
    }
  }

  private final Code code;
  private final String hint;

  public ApplierException(Code code, String message, String hint) {
    this(code, message, hint, null);
  }

  public ApplierException(Code code, String message, String hint, Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code, "code");
    this.hint = Objects.requireNonNull(hint, "hint");
  }

  public Code code() {
    return code;
  }

  /** What an operator can do. */
  public String hint() {
    return hint;
  }

  /** Refused because going on would risk data; otherwise it just failed. */
  public boolean refused() {
    return code.refused;
  }
}
