package dev.drover.cli.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.drover.applier.ReplicaReport;
import dev.drover.journal.ReplicaStatus;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final long SECOND = 1_000_000_000L;

  private long now;
  private ReplicaStatus.State state = ReplicaStatus.State.CATCHING_UP;
  private final Pace pace = new Pace(() -> now);

  private void at(long seconds, long appliedOffset, long bytes, long untilOffset) {
    now = seconds * SECOND;
    pace.at(
        new ReplicaReport(
            "v",
            "r",
            Path.of("a"),
            new UUID(0, 1),
            state,
            Optional.empty(),
            0,
            appliedOffset,
            appliedOffset,
            0,
            untilOffset,
            1_000,
            0,
            0,
            0,
            0,
            bytes,
            0,
            0,
            0,
            0,
            0,
            0));
  }

  @Test
  void nothingIsSaidBeforeAnythingIsDone() {
    assertEquals("", pace.text());
    at(5, 100, 0, -1);
    assertNull(pace.bytesPerSecond());
    assertNull(pace.secondsLeft());
    assertEquals("", pace.text());
  }

  @Test
  void whatIsLeftCostsWhatWasDoneDid() {
    at(5, 100, 0, -1);
    at(15, 200, 10 << 20, -1);
    assertEquals(1 << 20, pace.bytesPerSecond());
    assertEquals(80, pace.secondsLeft());
    assertEquals(", 1 MiB/s, 1:20 left", pace.text());
  }

  @Test
  void aPointIsWhatCountsWhereThereIsOne() {
    at(0, 0, 0, 300);
    at(10, 200, 0, 300);
    assertEquals(5, pace.secondsLeft());
    at(20, 300, 0, 300);
    assertNull(pace.secondsLeft());
  }

  @Test
  void nothingIsLeftToTellOfAPointThatTheJournalDoesNotReachYet() {
    at(0, 0, 0, 2_000);
    at(10, 1_000, 0, 2_000);
    assertNull(pace.secondsLeft());
    assertEquals(", 0 B/s", pace.text());
  }

  @Test
  void nothingIsLeftToTellWhileItStands() {
    at(0, 0, 0, -1);
    state = ReplicaStatus.State.FAULTED;
    at(10, 200, 0, -1);
    assertNull(pace.secondsLeft());
    state = ReplicaStatus.State.STALLED;
    at(20, 200, 0, -1);
    assertNull(pace.secondsLeft());
  }

  @Test
  void hoursAreToldAsHours() {
    at(0, 0, 0, -1);
    at(36, 5, 0, -1);
    assertEquals(", 0 B/s, 1:59:24 left", pace.text());
  }
}
