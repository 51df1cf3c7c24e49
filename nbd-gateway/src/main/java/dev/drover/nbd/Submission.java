package dev.drover.nbd;

import dev.drover.journal.Intent;
import dev.drover.nbd.overlay.Overlay;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** One intent on its way into the journal, and who waits for it. */
final class Submission {
  private final Intent intent;
  private final boolean answersEarly;

  /** Completed with the intent's offset when the journal has acknowledged it. */
  private final CompletableFuture<Long> acknowledged = new CompletableFuture<>();

  /** Completed when the client may be answered. */
  private final CompletableFuture<Void> answered;

  /** Null for an intent that changes no bytes; otherwise set by the appender's thread. */
  private Overlay.Entry entry;

  private Submission(Intent intent, boolean answersEarly) {
    this.intent = intent;
    this.answersEarly = answersEarly;
    this.answered = answersEarly ? new CompletableFuture<>() : acknowledged.thenAccept(_ -> {});
  }

  /** An intent that changes bytes: it waits for room in the overlay. */
  static Submission change(Intent intent, boolean answersEarly) {
    return new Submission(intent, answersEarly);
  }

  /** An intent that changes no bytes: it waits for nothing. */
  static Submission ordered(Intent intent) {
    return new Submission(intent, false);
  }

  Intent intent() {
    return intent;
  }

  /** Whether the client is answered once the intent is in memory. */
  boolean answersEarly() {
    return answersEarly;
  }

  CompletableFuture<Long> acknowledged() {
    return acknowledged;
  }

  CompletableFuture<Void> answered() {
    return answered;
  }

  Overlay.Entry entry() {
    return entry;
  }

  /** Whether it changes any byte of the range. */
  boolean changes(long offset, long length) {
    return switch (intent) {
      case Intent.Write write -> overlaps(offset, length, write.guestOffset(), write.length());
      case Intent.Zero zero -> overlaps(offset, length, zero.guestOffset(), zero.length());
      default -> false;
    };
  }

  private static boolean overlaps(long offset, long length, long otherOffset, long otherLength) {
    return offset < otherOffset + otherLength && otherOffset < offset + length;
  }

  /** Takes its place in the overlay, if it needs one; false when there is no room now. */
  boolean enter(Overlay overlay) {
    switch (intent) {
      case Intent.Write write -> {
        ByteBuffer data = write.data();
        entry = overlay.tryAdd(write.guestOffset(), data.remaining(), data).orElse(null);
        return entry != null;
      }
      case Intent.Zero zero -> {
        entry = overlay.tryAdd(zero.guestOffset(), zero.length(), null).orElse(null);
        return entry != null;
      }
      default -> {
        return true;
      }
    }
  }

  void fail(Throwable cause) {
    acknowledged.completeExceptionally(cause);
    if (answersEarly) { // else the answer follows the acknowledgement, which may have been faster
      answered.completeExceptionally(cause);
    }
  }
}
