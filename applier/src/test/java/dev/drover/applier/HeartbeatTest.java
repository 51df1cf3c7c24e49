package dev.drover.applier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.ReplicaStatus.State;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may speak for a replica, and when. */
@Timeout(30)
final class HeartbeatTest {

  private static final UUID OURS = new UUID(1, 1);
  private static final UUID THEIRS = new UUID(2, 2);

  private final MemoryRegistry registry = new MemoryRegistry();
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong looks = new AtomicLong();
  private final Semaphore asked = new Semaphore(0);
  private volatile State state = State.RUNNING;
  private final Heartbeat heartbeat =
      new Heartbeat(
          "v-r",
          registry,
          () -> {
            asked.release();
            return status(OURS, state);
          },
          () -> {
            looks.incrementAndGet();
            return nanos.get();
          });

  private static ReplicaStatus status(UUID instance, State state) {
    return new ReplicaStatus(
        "v",
        "r",
        "/image",
        "host",
        state,
        1,
        1,
        0,
        0,
        0,
        null,
        null,
        Instant.EPOCH,
        new UUID(9, 9),
        new UUID(8, 8),
        null,
        false,
        false,
        "id",
        1,
        instance,
        0,
        false);
  }

  private ReplicaStatus said() throws JournalException {
    return registry.replica("v", "r").orElseThrow();
  }

  private void awaitWords(int count) throws InterruptedException {
    assertTrue(asked.tryAcquire(count, 10, TimeUnit.SECONDS), "it does not speak");
  }

  private static void awaitUntil(BooleanSupplier holds) throws InterruptedException {
    while (!holds.getAsBoolean()) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private void end(boolean lastWord) {
    heartbeat.finish(lastWord);
    heartbeat.close();
  }

  @Test
  void theLastWordIsWhatTheReplicaIsThen() throws Exception {
    heartbeat.start();
    heartbeat.wake();
    awaitWords(1);
    state = State.STOPPED;
    end(true);
    assertEquals(State.STOPPED, said().state());
  }

  @Test
  void aFencedReplicaLeavesTheLastWordToItsSuccessor() throws Exception {
    heartbeat.start();
    registry.put(status(THEIRS, State.RUNNING));
    state = State.FAULTED;
    end(false);
    assertEquals(THEIRS, said().instance());
  }

  @Test
  void whoWasSilentForTooLongDoesNotOverwriteWhoHasTakenTheName() throws Exception {
    heartbeat.start();
    heartbeat.wake();
    awaitWords(1);
    awaitUntil(() -> looks.get() == 4); // made, woken, about to speak, and after the word
    nanos.addAndGet(Duration.ofSeconds(16).toNanos()); // paused, or cut off from the brokers
    registry.put(status(THEIRS, State.RUNNING));
    heartbeat.wake();
    awaitWords(1);
    end(true);
    assertEquals(THEIRS, said().instance());
  }

  @Test
  void whoWasSilentForTooLongSpeaksAgainIfNobodyHasTakenTheName() throws Exception {
    registry.put(status(OURS, State.CATCHING_UP));
    nanos.addAndGet(Duration.ofSeconds(16).toNanos());
    heartbeat.start();
    end(true);
    assertEquals(State.RUNNING, said().state());
  }

  @Test
  void aForgottenReplicaThatIsThereAfterAllRegistersAgain() throws Exception {
    nanos.addAndGet(Duration.ofSeconds(16).toNanos());
    heartbeat.start();
    end(true);
    assertEquals(OURS, said().instance());
  }

  @Test
  void whoHasLetGoOfTheImageYieldsToWhoeverTakesIt() throws Exception {
    heartbeat.start();
    state = State.FAULTED;
    heartbeat.letGo();
    awaitUntil(() -> !registry.replicas("v").isEmpty());
    assertEquals(State.FAULTED, said().state());
    registry.put(status(THEIRS, State.RUNNING));
    heartbeat.wake();
    end(true);
    assertEquals(THEIRS, said().instance());
  }

  @Test
  void aRegistryThatComesBackIsToldWithinSeconds() throws Exception {
    registry.setAway(true);
    heartbeat.start();
    heartbeat.wake();
    awaitWords(2); // the second after 1 s, not after 5
    registry.setAway(false);
    awaitUntil(() -> !registry.replicas("v").isEmpty());
    assertFalse(said().ended());
    end(true);
  }
}
