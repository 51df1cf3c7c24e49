package dev.drover.cli.replica;

import dev.drover.journal.Intent;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Lets no verb shrink a volume under the gateway that serves it: a guest may still write where the
 * disk would end. The verbs refuse that too, but two of them may ask at the same moment.
 *
 * <p>For one thread.
 */
final class ServedSize implements Predicate<Intent> {
  /** What the size is before the image shows everything below the gateway's epoch. */
  static final long UNKNOWN = -1;

  private final LongSupplier shown;
  private long asked;

  /**
   * @param shown the size in bytes that the image shows, or {@link #UNKNOWN}
   */
  ServedSize(LongSupplier shown) {
    this.shown = shown;
  }

  /** Also false, for a resize, as long as the size is unknown: the verb asks again. */
  @Override
  public boolean test(Intent intent) {
    if (!(intent instanceof Intent.Resize(long size))) {
      return true;
    }
    long now = shown.getAsLong();
    if (now == UNKNOWN || size < Math.max(now, asked)) {
      return false;
    }
    asked = size;
    return true;
  }
}
