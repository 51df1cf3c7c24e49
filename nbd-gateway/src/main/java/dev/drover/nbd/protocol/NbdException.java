package dev.drover.nbd.protocol;

import java.io.IOException;

/** A request that failed, with the error that its reply carries. */
public final class NbdException extends IOException {
  private static final long serialVersionUID = 1L;

  private final NbdError error;

  public NbdException(NbdError error, String message) {
    this(error, message, null);
  }

  public NbdException(NbdError error, String message, Throwable cause) {
    super(message, cause);
    this.error = error;
  }

  public NbdError error() {
    return error;
  }
}
