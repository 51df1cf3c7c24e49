package dev.drover.cli.terminal;

/**
 * The end of a command that did not succeed, in the words its caller sees: what, where, why, and
 * what to do about it. Everything else that escapes a command is a defect of ours.
 */
public final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exit;
  private final String code;
  private final String hint;

  public CommandFailure(int exit, String code, String message, String hint, Throwable cause) {
    super(message, cause);
    this.exit = exit;
    this.code = code;
    this.hint = hint;
  }

  /** The command could not do it: exit 1. */
  public static CommandFailure failed(String code, String message, String hint) {
    return new CommandFailure(Exit.FAILED.code(), code, message, hint, null);
  }

  /** The caller asked for something that cannot be meant: exit 2. */
  public static CommandFailure usage(String code, String message, String hint) {
    return new CommandFailure(Exit.USAGE.code(), code, message, hint, null);
  }

  /** Going on would risk data: exit 3. */
  public static CommandFailure refused(String code, String message, String hint) {
    return new CommandFailure(Exit.REFUSED.code(), code, message, hint, null);
  }

  public int exit() {
    return exit;
  }

  /** Stable, for scripts. */
  public String code() {
    return code;
  }

  /** What to do; empty when the message says it all. */
  public String hint() {
    return hint == null ? "" : hint;
  }
}
