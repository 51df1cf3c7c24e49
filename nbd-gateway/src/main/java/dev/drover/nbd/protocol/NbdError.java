package dev.drover.nbd.protocol;

/** The errors that a reply may carry; the numbers are the protocol's, whatever the host's are. */
public enum NbdError {
  EPERM(1),
  EIO(5),
  ENOMEM(12),
  EINVAL(22),
  ENOSPC(28),
  EOVERFLOW(75),
  ENOTSUP(95),
  ESHUTDOWN(108);

  private final int code;

  NbdError(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  /** A number that the protocol does not know counts as EINVAL, as the specification asks. */
  public static NbdError of(int code) {
    for (NbdError error : values()) {
      if (error.code == code) {
        return error;
      }
    }
    return EINVAL;
  }
}
