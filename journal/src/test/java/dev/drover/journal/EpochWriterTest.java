package dev.drover.journal;

import static dev.drover.journal.SimulatedLog.step;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class EpochWriterTest {
  private final SimulatedLog log = new SimulatedLog();

  private static Intent mark(String name) {
    return new Intent.Mark(name);
  }

  private static Intent write(int bytes) {
    return new Intent.Write(0, ByteBuffer.allocate(bytes));
  }

  private static JournalException.Code code(CompletableFuture<Long> failed) {
    assertTrue(failed.isDone());
    var e = assertThrows(CompletionException.class, failed::join);
    return ((JournalException) e.getCause()).code();
  }

  @Test
  void anEpochIsTheOffsetOfItsOwnRecordAndBeginsWithAHeartbeat() {
    EpochWriter writer = log.ready("a");
    assertEquals(0, writer.epoch());
    assertEquals(0, writer.ready().join());
    assertEquals(new Intent.Heartbeat(false), log.records().get(1).intent());
    assertEquals("E0 +1", log.judge().toString());
  }

  @Test
  void anAppendCompletesOnlyAfterItsAcknowledgement() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(mark("m"));
    log.lastLine().land();
    step(writer);
    assertFalse(done.isDone());
    log.lastLine().acknowledge(true);
    assertFalse(done.isDone(), "the log's own thread does not complete futures");
    step(writer);
    assertEquals(2, done.join());
  }

  @Test
  void aLongWriteIsChunkedAndCompletesWithItsLastRecord() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(write(Chunker.MAX_DATA_BYTES * 2 + 1));
    log.lastLine().settle();
    step(writer);
    assertEquals(4, done.join());
    assertEquals("E0 +1 +2 +3 +4", log.judge().toString());
  }

  @Test
  void aLiveWriterOfAnotherImageIsNotSupersededByAccident() {
    log.ready("a");
    EpochWriter second = log.writer("b", false);
    step(second);
    assertEquals(JournalException.Code.WRITER_ALIVE, code(second.ready()));
    assertEquals(2, log.records().size(), "it wrote nothing");
  }

  @Test
  void theSameImageStartsAgainAtOnce() {
    log.ready("a");
    assertEquals(2, log.ready("a").epoch());
  }

  @Test
  void aWriterThatSaidGoodbyeIsFollowedAtOnce() {
    EpochWriter first = log.ready("a");
    var goodbye = first.sayGoodbye();
    log.lastLine().settle();
    step(first);
    assertEquals(2, goodbye.join());
    assertEquals(3, log.ready("b").epoch());
  }

  @Test
  void aWriterThatFellSilentIsFollowedAfterFifteenSeconds() {
    log.ready("a");
    log.pass(14_999);
    EpochWriter early = log.writer("b", false);
    step(early);
    assertEquals(JournalException.Code.WRITER_ALIVE, code(early.ready()));
    log.pass(1);
    EpochWriter late = log.writer("b", false);
    step(late);
    assertFalse(late.ready().isDone(), "the two hosts' clocks may differ");
    log.pass(7_000);
    step(late);
    log.lastLine().settle();
    step(late);
    log.lastLine().settle();
    step(late);
    assertEquals(2, late.ready().join());
  }

  @Test
  void lateRecordsOfTheOldWriterBelowTheEpochCountAndThoseAboveAreVoid() {
    EpochWriter old = log.ready("a");
    var below = old.append(write(10));
    var above = old.append(write(20));
    SimulatedLog.Line oldLine = log.lastLine();

    EpochWriter next = log.writer("b", true);
    step(next);
    oldLine.land();
    log.lastLine().settle();
    oldLine.land();
    step(next);
    var own = next.append(write(5));
    log.lastLine().settle();
    step(next);

    assertEquals(3, next.epoch());
    assertTrue(own.isDone());
    assertEquals("E0 +1 +2 E3 -4 +5 +6", log.judge().toString());
    assertEquals(
        15, log.records().get(6).totalPayloadBytes(), "the total goes on from what counts");

    oldLine.settle();
    step(old);
    assertEquals(2, below.join(), "it counts, so its guest may be told");
    assertEquals(JournalException.Code.FENCED, code(above));
    assertEquals(JournalException.Code.FENCED, old.lost().join().code());
    assertEquals(JournalException.Code.FENCED, code(old.append(mark("m"))));
  }

  @Test
  void twoThatTakeAnEpochAtOnceSettleOnTheLaterOne() {
    EpochWriter first = log.writer("a", false);
    EpochWriter second = log.writer("b", false);
    step(first);
    SimulatedLog.Line firstLine = log.lastLine();
    step(second);
    SimulatedLog.Line secondLine = log.lastLine();
    firstLine.settle();
    secondLine.settle();
    for (int i = 0; i < 3; i++) {
      step(first);
      step(second);
      firstLine.settle();
      secondLine.settle();
    }
    assertEquals(JournalException.Code.FENCED, code(first.ready()));
    assertEquals(1, second.ready().join());
  }

  @Test
  void anIdleWriterLearnsWithinASecondThatItIsFenced() {
    EpochWriter writer = log.ready("a");
    log.putEpoch("thief");
    log.pass(1_000);
    step(writer);
    JournalException lost = writer.lost().join();
    assertEquals(JournalException.Code.FENCED, lost.code());
    assertTrue(lost.getMessage().contains("thief"), lost.getMessage());
  }

  @Test
  void anIdleWriterSendsAHeartbeatEveryFiveSeconds() {
    EpochWriter writer = log.ready("a");
    for (int i = 0; i < 100; i++) {
      log.pass(100);
      step(writer);
      log.lastLine().settle();
    }
    assertEquals(4, log.records().size(), "EPOCH, the first one, and two in ten seconds");
  }

  @Test
  void voidRecordsInAGapAreSteppedOver() {
    EpochWriter writer = log.writer("b", true);
    long old = log.putEpoch("old");
    step(writer);
    log.lastLine().settle();
    step(writer);
    log.put(old, 0, -1, mark("late"));
    log.lastLine().settle();
    step(writer);
    assertEquals(1, writer.ready().join());
  }

  @Test
  void nothingIsAcknowledgedWhileAGapCanNotBeRead() {
    EpochWriter writer = log.ready("a");
    log.putEpoch("thief");
    var done = writer.append(mark("m"));
    log.lastLine().settle();
    log.away(true);
    step(writer);
    assertFalse(done.isDone());
    log.away(false);
    step(writer);
    assertEquals(JournalException.Code.FENCED, code(done));
  }

  @Test
  void aGapThatStaysUnreadableLosesTheJournal() {
    EpochWriter writer = log.ready("a");
    log.putEpoch("thief");
    var done = writer.append(mark("m"));
    log.lastLine().settle();
    log.away(true);
    step(writer);
    log.pass(29_999);
    step(writer);
    assertFalse(done.isDone());
    log.pass(1);
    step(writer);
    assertEquals(JournalException.Code.APPEND_FAILED, code(done));
  }

  @Test
  void anAcknowledgementWithoutAnOffsetIsLookedUp() {
    EpochWriter writer = log.ready("a");
    var first = writer.append(mark("m1"));
    var second = writer.append(mark("m2"));
    log.lastLine().land();
    log.lastLine().land();
    log.lastLine().acknowledge(false);
    log.lastLine().acknowledge(false);
    step(writer);
    assertEquals(2, first.join());
    assertEquals(3, second.join());
  }

  @Test
  void anEpochRecordThatWasAcknowledgedWithoutAnOffsetIsLookedUp() {
    EpochWriter writer = log.writer("a", false);
    step(writer);
    log.putEpoch("other");
    log.lastLine().land();
    log.lastLine().acknowledge(false);
    step(writer);
    log.lastLine().settle();
    step(writer);
    assertEquals(1, writer.ready().join());
  }

  @Test
  void anAcknowledgementBehindWhatWasReachedShowsThatTheLogWasCut() {
    EpochWriter writer = log.ready("a");
    writer.append(mark("m1"));
    log.lastLine().settle();
    step(writer);
    log.records().removeLast();
    var done = writer.append(mark("m2"));
    log.lastLine().settle();
    step(writer);
    assertEquals(JournalException.Code.TRUNCATED, code(done));
  }

  @Test
  void aHoleInTheOffsetsIsRefused() {
    EpochWriter writer = log.ready("a");
    log.put(null);
    var done = writer.append(mark("m"));
    log.lastLine().settle();
    step(writer);
    assertEquals(JournalException.Code.OFFSET_HOLE, code(done));
  }

  @Test
  void afterOneFailureANewEpochAppendsWhatDidNotLand() {
    EpochWriter writer = log.ready("a");
    var landed = writer.append(write(1));
    var missing = writer.append(write(2));
    var later = writer.append(write(4));
    log.lastLine().land();
    log.lastLine().fail(0);
    step(writer);
    log.lastLine().settle();
    step(writer);
    assertEquals(2, landed.join());
    assertFalse(missing.isDone());
    log.lastLine().settle();
    step(writer);
    assertEquals(3, writer.epoch());
    assertEquals(4, missing.join());
    assertEquals(5, later.join());
    assertNull(writer.lost().getNow(null));
    assertEquals("E0 +1 +2 E3 +4 +5", log.judge().toString());
  }

  @Test
  void whatLandsTooLateForTheNewEpochIsVoidAndWasAppendedAgain() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(write(1));
    SimulatedLog.Line dead = log.lastLine();
    dead.fail(1);
    step(writer);
    log.lastLine().settle();
    dead.land();
    step(writer);
    log.lastLine().settle();
    step(writer);
    assertEquals(4, done.join());
    assertEquals("E0 +1 E2 -3 +4", log.judge().toString());
  }

  @Test
  void appendsDuringTheRepairFollowWhatWasRepaired() {
    EpochWriter writer = log.ready("a");
    var first = writer.append(mark("m1"));
    log.lastLine().fail(0);
    step(writer);
    var second = writer.append(mark("m2"));
    log.lastLine().settle();
    step(writer);
    log.lastLine().settle();
    step(writer);
    assertEquals(3, first.join());
    assertEquals(4, second.join());
  }

  @Test
  void aSecondFailureBeforeAllIsRepairedLosesTheJournal() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(mark("m"));
    log.lastLine().fail(0);
    step(writer);
    log.lastLine().settle();
    step(writer);
    log.lastLine().fail(0);
    step(writer);
    assertEquals(JournalException.Code.APPEND_FAILED, code(done));
    assertEquals(JournalException.Code.APPEND_FAILED, writer.lost().join().code());
    assertTrue(writer.isEnded());
  }

  @Test
  void aFailureWithALaterEpochInTheLogIsAFenceAndNotAReasonToFight() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(mark("m"));
    log.lastLine().fail(0);
    log.putEpoch("thief");
    int lines = log.lines().size();
    step(writer);
    assertEquals(JournalException.Code.FENCED, code(done));
    assertEquals(lines, log.lines().size(), "no further epoch was asked for");
  }

  @Test
  void aRepairWithTheBrokerAwayIsGivenUpAfterAWhile() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(mark("m"));
    log.lastLine().fail(0);
    log.away(true);
    step(writer);
    log.pass(29_000);
    step(writer);
    assertFalse(done.isDone());
    log.pass(1_000);
    step(writer);
    assertEquals(JournalException.Code.APPEND_FAILED, code(done));
  }

  @Test
  void anUnreachableLogRefusesTheEpochWithWhatItIs() {
    log.away(true);
    EpochWriter writer = log.writer("a", false);
    step(writer);
    assertFalse(writer.ready().isDone());
    log.pass(10_000);
    step(writer);
    assertEquals(JournalException.Code.UNREACHABLE, code(writer.ready()));
  }

  @Test
  void timeNeverRunsBackwardsAcrossWriters() {
    EpochWriter ahead = log.writer("a", true, log.clock(3_600_000));
    step(ahead);
    log.lastLine().settle();
    step(ahead);
    ahead.append(mark("m1"));
    log.lastLine().settle();
    EpochWriter behind = log.ready("a");
    behind.append(mark("m2"));
    log.lastLine().settle();
    assertEquals("E0 +1 +2 E3 +4 +5", log.judge().toString());
    assertEquals(1_000_000 + 3_600_000, log.records().get(5).timestampMillis());
  }

  @Test
  void nothingIsAppendedAfterTheGoodbye() {
    EpochWriter writer = log.ready("a");
    var goodbye = writer.sayGoodbye();
    assertEquals(JournalException.Code.CLOSED, code(writer.append(mark("m"))));
    log.lastLine().settle();
    step(writer);
    log.pass(10_000);
    step(writer);
    assertEquals(2, goodbye.join());
    assertEquals(3, log.records().size());
  }

  @Test
  void closingFailsWhatIsInFlightAndLosesNothingElse() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(mark("m"));
    writer.close();
    assertEquals(JournalException.Code.CLOSED, code(done));
    assertFalse(writer.lost().isDone());
  }
}
