package dev.drover.system.command;

import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for another process, by looking again and again: it has no other way to tell us. */
final class Await {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private Await() {}

  static <T> T value(Duration patience, Supplier<Optional<T>> look, Supplier<String> complaint) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<T> seen = look.get();
      if (seen.isPresent()) {
        return seen.get();
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + patience + ": " + complaint.get());
      }
      pause(PAUSE);
    }
  }

  static void until(Duration patience, BooleanSupplier look, Supplier<String> complaint) {
    value(patience, () -> look.getAsBoolean() ? Optional.of(true) : Optional.empty(), complaint);
  }

  static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
