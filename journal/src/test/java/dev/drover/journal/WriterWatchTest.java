package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.journal.WriterWatch.Verdict;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WriterWatchTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final WriterWatch watch = new WriterWatch();

  private Verdict judge(long end, long stampedSeconds, boolean closed, long afterSeconds) {
    var writer = new WriterState(0, "h", null, "/i", NOW.plusSeconds(stampedSeconds), closed);
    return watch.judge(
        new LogTail(end, 0, 0, 0, writer, Duration.ZERO, false),
        NOW.plusSeconds(afterSeconds),
        TimeUnit.SECONDS.toNanos(afterSeconds));
  }

  @Test
  void nobodyAndWhoeverSaidGoodbyeAreGone() {
    var nobody = new LogTail(0, 0, 0, 0, null, Duration.ZERO, false);
    assertEquals(Verdict.GONE, watch.judge(nobody, NOW, 0));
    assertEquals(Verdict.GONE, judge(5, 0, true, 0));
  }

  @Test
  void aRecordOfLessThanFifteenSecondsAgoIsALife() {
    assertEquals(Verdict.ALIVE, judge(5, -14, false, 0));
  }

  @Test
  void anOldRecordIsBelievedOnlyAfterASilence() {
    assertEquals(Verdict.UNDECIDED, judge(5, -60, false, 0));
    assertEquals(Verdict.UNDECIDED, judge(5, -60, false, 6));
    assertEquals(Verdict.GONE, judge(5, -60, false, 7));
  }

  @Test
  void aWriterWhoseClockIsBehindShowsItselfByItsNextRecord() {
    assertEquals(Verdict.UNDECIDED, judge(5, -60, false, 0));
    assertEquals(Verdict.ALIVE, judge(6, -55, false, 5));
  }

  @Test
  void aStampInTheFutureDoesNotMakeADeadWriterImmortal() {
    assertEquals(Verdict.UNDECIDED, judge(5, 3_600, false, 0));
    assertEquals(Verdict.GONE, judge(5, 3_600, false, 7));
  }

  @Test
  void aWriterThatDiesWhileItIsWatchedIsGoneInTheEnd() {
    assertEquals(Verdict.UNDECIDED, judge(5, -60, false, 0));
    assertEquals(Verdict.ALIVE, judge(6, -55, false, 5));
    assertEquals(Verdict.ALIVE, judge(6, -55, false, 11));
    assertEquals(Verdict.GONE, judge(6, -55, false, 12));
  }
}
