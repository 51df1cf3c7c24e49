package dev.drover.cli.value;

import dev.drover.journal.Intent;
import java.time.Duration;

/** How long a gateway may answer reads on one proof that it is the only one. */
public final class ReadLeases {
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofMillis(Intent.Epoch.MAX_LEASE_MILLIS);

  /** A length of time that a successor can wait for, and a proof can be had in. */
  public static Duration parse(String text) {
    Duration lease = Span.parse(text);
    if (lease.compareTo(SHORTEST) < 0 || lease.compareTo(LONGEST) > 0) {
      throw new IllegalValue(
          "'%s' is no lease; give %d s to %d s"
              .formatted(text, SHORTEST.toSeconds(), LONGEST.toSeconds()));
    }
    return lease;
  }

  private ReadLeases() {}
}
