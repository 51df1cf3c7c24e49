package dev.drover.applier;

/**
 * After a failure: smaller batches, down to one intent, with nothing dropped, until everything that
 * the failed try may have left half done has been done again.
 */
final class Retry {

  private static final int SHRINK = 4;

  private final int most;
  private int maxIntents;
  private int tried = 1;
  private long untilOffset;

  Retry(int most) {
    this.most = most;
    this.maxIntents = most;
  }

  /** What comes next has this many intents; 1 also for what is no batch. */
  void trying(int intents) {
    tried = Math.max(1, intents);
  }

  /** The try failed; nothing at or above {@code touchedOffset} was touched by it. */
  void failed(long touchedOffset) {
    untilOffset = Math.max(untilOffset, touchedOffset);
  }

  /** Takes a smaller batch next; false: one intent is the smallest. */
  boolean shrink() {
    if (tried == 1) {
      return false;
    }
    maxIntents = Math.max(1, Math.min(maxIntents, tried) / SHRINK);
    return true;
  }

  boolean isOn(long appliedOffset) {
    return appliedOffset < untilOffset;
  }

  void over() {
    maxIntents = most;
  }

  int maxIntents() {
    return maxIntents;
  }
}
