package dev.drover.cli.value;

/** A size, name or point that cannot be meant: always the caller's mistake, never the system's. */
public final class IllegalValue extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  public IllegalValue(String message) {
    super(message);
  }
}
