package dev.drover.applier;

import java.time.Instant;
import java.util.Objects;

/**
 * Why a replica does not go on.
 *
 * @param code stable name of the cause: {@code NO_SPACE}, {@code IO}, {@code CORRUPT}, {@code
 *     HOLE}, …
 * @param reason one line: what, where, why
 * @param hint what to do
 * @param retriable whether the replica tries again by itself; otherwise an operator has to act
 * @param since when it began
 */
public record Fault(String code, String reason, String hint, boolean retriable, Instant since) {
  public Fault {
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(hint, "hint");
    Objects.requireNonNull(since, "since");
  }

  /**
   * This fault, met while cleaning up after another one, which an operator wants to know first.
   *
   * @param cause why there is something to clean up; null: nobody has said
   */
  Fault after(String cause) {
    return cause == null || cause.equals(reason)
        ? this
        : new Fault(
            code, "%s; cleaning up after: %s".formatted(reason, cause), hint, retriable, since);
  }

  /** This fault, dated back to {@code earlier} when that is the same trouble still. */
  Fault sameAs(Fault earlier) {
    return earlier == null || !earlier.code.equals(code)
        ? this
        : new Fault(code, reason, hint, retriable, earlier.since);
  }
}
