package dev.drover.cli.replica;

import dev.drover.journal.Intent;
import java.util.function.Predicate;

/**
 * Lets no verb shrink a volume under the gateway that serves it: a guest may still write where the
 * disk would end. The verbs refuse that too, but two of them may ask at the same moment.
 *
 * <p>For one thread.
 */
final class ServedSize implements Predicate<Intent> {
  private long bytes;

  /** The size when the gateway begins. */
  ServedSize(long bytes) {
    this.bytes = bytes;
  }

  @Override
  public boolean test(Intent intent) {
    if (!(intent instanceof Intent.Resize(long asked))) {
      return true;
    }
    boolean grows = asked >= bytes;
    bytes = Math.max(bytes, asked);
    return grows;
  }
}
