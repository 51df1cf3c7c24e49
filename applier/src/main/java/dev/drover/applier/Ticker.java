package dev.drover.applier;

import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/** Time as the engine sees it, so that tests can turn it. */
interface Ticker {

  /** The host's own. */
  Ticker SYSTEM =
      new Ticker() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void pause(long nanos) {
          LockSupport.parkNanos(nanos);
        }
      };

  /** Wall clock: for what people read. */
  Instant now();

  /** Monotonic: for intervals. */
  long nanos();

  /** Lets about so much time pass, or less. */
  void pause(long nanos);
}
