package dev.drover.qcow2.sim;

import java.util.Optional;

/** A judge of a simulator has seen one of the invariants of docs/invariants.md broken. */
public final class InvariantViolation extends AssertionError {

  private static final long serialVersionUID = 1;

  private final String invariant;

  /**
   * @param invariant its number, such as {@code I-01}
   */
  public InvariantViolation(String invariant, String what) {
    this(invariant, what, null);
  }

  public InvariantViolation(String invariant, String what, Throwable cause) {
    super(invariant + ": " + what, cause);
    this.invariant = invariant;
  }

  /** Its number in docs/invariants.md. */
  public String invariant() {
    return invariant;
  }

  /**
   * The violation that a failure is, or was caused by. A check of the production code itself that
   * fires is one, too: it throws what is no IOException.
   */
  public static Optional<InvariantViolation> in(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof InvariantViolation violation) {
        return Optional.of(violation);
      }
      if (each instanceof IllegalStateException || each instanceof IllegalArgumentException) {
        return Optional.of(new InvariantViolation("I-54", each.getMessage(), each));
      }
    }
    return Optional.empty();
  }
}
