package dev.drover.cli.terminal;

/** Exit codes that scripts may rely on. */
public enum Exit {
  DONE(0),
  /** It did not work: no broker, no such volume, not a qcow2 file. */
  FAILED(1),
  /** A wrong flag, size, name or configuration. */
  USAGE(2),
  /** Going on would risk data. */
  REFUSED(3),
  INTERRUPTED(130),
  TERMINATED(143);

  private final int code;

  Exit(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }
}
