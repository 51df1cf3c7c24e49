package dev.drover.cli.kafka;

/** The broker did not start or answer. */
public final class BrokerFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why, where a caller can do something about it. */
  public enum Cause {
    PORT_IN_USE,
    DIRECTORY_IN_USE,
    DIRECTORY_UNUSABLE,
    DID_NOT_ANSWER
  }

  private final Cause reason;

  BrokerFailure(Cause reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Cause reason() {
    return reason;
  }
}
