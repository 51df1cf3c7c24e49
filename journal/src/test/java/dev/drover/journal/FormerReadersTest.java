package dev.drover.journal;

import static dev.drover.journal.SimulatedLog.step;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class FormerReadersTest {
  private static final Duration LEASE = Duration.ofSeconds(6);
  private static final int WAIT_MILLIS = 7_000;

  private final SimulatedLog log = new SimulatedLog();

  private EpochWriter writer(String image) {
    return log.writer(log.host(1, 0), image, LEASE);
  }

  /** Lands and settles everything that can be now. */
  private void work(EpochWriter... writers) {
    for (int i = 0; i < 4; i++) {
      for (EpochWriter writer : writers) {
        step(writer);
      }
      log.lines().forEach(SimulatedLog.Line::settle);
    }
  }

  private EpochWriter serving(String image) {
    EpochWriter writer = writer(image);
    work(writer);
    assertTrue(writer.ready().isDone() && !writer.isEnded());
    return writer;
  }

  private void assertWaits(EpochWriter writer, int millis) {
    work(writer);
    log.pass(millis - 1);
    work(writer);
    assertFalse(writer.ready().isDone(), "acknowledges too early");
    log.pass(1);
    work(writer);
    assertTrue(writer.ready().isDone(), "waits for nobody");
  }

  private void assertDoesNotWait(EpochWriter writer) {
    work(writer);
    assertTrue(writer.ready().isDone(), "waits for nobody");
  }

  @Test
  void theReadersOfAWriterThatIsSupersededAreWaitedForAndASixthLonger() {
    serving("a");
    assertWaits(writer("b"), WAIT_MILLIS);
  }

  @Test
  void whoWaitsIsNotTakenForGone() {
    serving("a");
    EpochWriter next = writer("b");
    work(next);
    int records = log.records().size();
    log.pass(5_000);
    work(next);
    assertEquals(records + 1, log.records().size());
    assertEquals(new Intent.Heartbeat(false), log.records().getLast().intent());
    assertFalse(next.ready().isDone());
  }

  @Test
  void aVerbHasNoReadersButWaitsForThoseOfOthers() {
    serving("a");
    EpochWriter verb = log.writer("verb", true);
    verb.append(new Intent.Flush());
    assertWaits(verb, WAIT_MILLIS);
    verb.append(new Intent.Flush());
    work(verb);
    assertDoesNotWait(writer("b"));
  }

  @Test
  void nobodyReadsFromAWriterThatSaidGoodbye() {
    EpochWriter first = serving("a");
    first.sayGoodbye();
    work(first);
    assertDoesNotWait(writer("b"));
  }

  @Test
  void whoHasItsImageKnowsThatTheFormerWriterIsGone() {
    serving("a");
    assertDoesNotWait(writer("a"));
  }

  @Test
  void anotherHostsLockOnTheSameImageProvesNothing() {
    serving("a");
    assertWaits(log.writer(log.host("elsewhere", 1, 0), "a", LEASE), WAIT_MILLIS);
  }

  @Test
  void aSilenceThatWasWatchedIsNotWaitedForAgain() {
    serving("a");
    log.pass(16_000);
    EpochWriter next = log.writer("b", false);
    step(next);
    log.pass(WAIT_MILLIS);
    assertDoesNotWait(next);
  }

  @Test
  void aRecordThatLandsAfterTheLookBeginsTheWaitAnew() {
    EpochWriter old = serving("a");
    EpochWriter next = writer("b");
    step(next);
    log.pass(6_500);
    old.append(new Intent.Flush());
    assertWaits(next, WAIT_MILLIS);
  }

  @Test
  void aWriterThatEndedWhileItWaitedLeavesTheWaitToTheNext() {
    serving("a");
    work(writer("b"));
    // Its image shows that b is gone, not that a is.
    assertWaits(writer("b"), WAIT_MILLIS);
    EpochWriter closing = writer("c");
    work(closing);
    closing.sayGoodbye();
    step(closing);
    log.lastLine().settle();
    assertWaits(writer("d"), WAIT_MILLIS);
  }

  @Test
  void aWriterOfWhichNothingCountsHasNeverAnsweredAnybody() {
    log.putEpoch("thief");
    assertDoesNotWait(writer("b"));
  }

  @Test
  void theLongestLeaseIsWaitedForOfWhoMayReadAndWhoWaitedForThem() {
    EpochWriter first = log.writer(log.host(1, 0), "a", Duration.ofSeconds(30));
    work(first);
    work(writer("b"));
    assertWaits(writer("c"), 35_000);
  }

  @Test
  void aWriterThatRepairsItsOwnFailureWaitsForNobody() {
    EpochWriter writer = serving("a");
    var done = writer.append(new Intent.Flush());
    log.lastLine().fail(0);
    work(writer);
    assertTrue(done.isDone());
  }
}
