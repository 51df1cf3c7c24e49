package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EpochTrackerTest {
  private final Paper paper = new Paper();

  private void reads(String outcome) {
    assertEquals(outcome, paper.read().toString());
  }

  @Test
  void recordsOfTheEpochInTheirSequenceCount() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 1, -1).add(e, 2, 1);
    reads("E0 +1 +2 +3");
  }

  @Test
  void lateRecordsOfTheOldWriterBelowTheTakeoverCountAndAboveItAreVoid() {
    long old = paper.epoch();
    paper.add(old, 0, -1).add(old, 1, 0);
    long now = paper.epoch();
    paper.add(old, 2, 1).add(now, 0, -1).add(old, 3, 1).add(now, 1, 0);
    reads("E0 +1 +2 E3 -4 +5 -6 +7");
  }

  @Test
  void twoTakeoversInARowLeaveOnlyTheLastWriter() {
    long a = paper.epoch();
    long b = paper.epoch();
    paper.add(b, 0, -1);
    long c = paper.epoch();
    paper.add(a, 0, -1).add(b, 1, 0).add(c, 0, -1);
    reads("E0 E1 +2 E3 -4 -5 +6");
  }

  @Test
  void aReaderWaitsAtAMissingSequence() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 0).add(e, 3, 0);
    reads("E0 +1 stalled");
    var tracker = new EpochTracker(Paper.VOLUME, Position.START);
    assertTrue(tracker.stall().isEmpty());
  }

  @Test
  void theStallNamesTheBreakTheEpochAndWhatIsMissing() throws Exception {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 0).add(e, 3, 0);
    var tracker = new EpochTracker(Paper.VOLUME, Position.START);
    for (int i = 0; i < 4; i++) {
      tracker.accept(i, 0, RecordCodec.encode(paper.records().get(i)));
    }
    var stall = tracker.stall().orElseThrow();
    assertEquals(new IntentSource.Stall(2, 0, 1, 4), stall);
    assertEquals("epoch 0 breaks off at offset 2: sequence 1 is missing", stall.reason());
    assertEquals(2, tracker.position().nextOffset());
    assertEquals(4, tracker.nextOffset());
  }

  @Test
  void aLaterEpochMakesTheBrokenTailVoidAndReadingGoesOn() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 0).add(e, 3, 0);
    long next = paper.epoch();
    paper.add(next, 0, -1).add(e, 4, 0).add(next, 1, 0);
    reads("E0 +1 -2 -3 E4 +5 -6 +7");
  }

  @Test
  void theMissingRecordThatComesTooLateIsVoidAsWell() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 0).add(e, 1, 0).add(e, 2, 0);
    reads("E0 +1 stalled");
    paper.epoch();
    reads("E0 +1 -2 -3 -4 E5");
  }

  @Test
  void aRepeatedRecordBreaksItsEpochToo() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 1, -1).add(e, 1, 0).add(e, 2, 1);
    reads("E0 +1 +2 stalled");
    paper.epoch();
    reads("E0 +1 +2 -3 -4 E5");
  }

  @Test
  void aTailWhoseWriterKnewTheMissingRecordToBeAcknowledgedProvesALoss() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 1);
    reads("E0 +1 !LOST");
  }

  @Test
  void theProofMayComeLaterInTheTailOrBehindTheNextEpoch() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 0).add(e, 3, 1);
    reads("E0 +1 !LOST");

    var late = new Paper();
    long f = late.epoch();
    late.add(f, 0, -1).add(f, 2, 0);
    long g = late.epoch();
    late.add(g, 0, -1).add(f, 3, 2).add(g, 1, 0);
    assertEquals("E0 +1 -2 E3 +4 !LOST", late.read().toString());
  }

  @Test
  void aWriterThatAcknowledgedBehindItsSuccessorsEpochIsALossToo() {
    long old = paper.epoch();
    paper.add(old, 0, -1);
    paper.epoch();
    paper.add(old, 1, 0).add(old, 2, 1);
    reads("E0 +1 E2 -3 !LOST");
  }

  @Test
  void aFaultInTheTailIsFoundThoughNothingOfTheTailIsReturned() {
    long e = paper.epoch();
    paper.add(e, 1, -1);
    paper.add(new JournalRecord(new UUID(3, 3), e, 2, -1, 5_000, 0, new Intent.Flush()));
    reads("E0 !FOREIGN_RECORD");
  }

  @Test
  void recordsBeforeAnyEpochOrOfOneThatNeverBeganAreInconsistent() {
    paper.add(0, 0, -1);
    reads("!INCONSISTENT");

    var other = new Paper();
    other.epoch();
    other.add(0, 0, -1).add(1, 0, -1);
    assertEquals("E0 +1 !INCONSISTENT", other.read().toString());
  }

  @Test
  void timeThatRunsBackwardsIsInconsistentUnlessItIsAnEpochsOrVoid() {
    long e = paper.epoch();
    paper.add(new JournalRecord(Paper.VOLUME, e, 0, -1, 9_000, 0, new Intent.Flush()));
    long next = paper.epoch(); // stamped 1000
    paper.add(new JournalRecord(Paper.VOLUME, e, 1, 0, 500, 0, new Intent.Flush()));
    assertEquals(9_000, paper.read().entries().getLast().after().timestampMillis());
    paper.add(new JournalRecord(Paper.VOLUME, next, 0, -1, 8_999, 0, new Intent.Flush()));
    reads("E0 +1 E2 -3 !INCONSISTENT");
  }

  @Test
  void theRunningTotalHasToAddUpAndCountsOnlyDataThatCounts() {
    long e = paper.epoch();
    var write = new Intent.Write(0, ByteBuffer.allocate(512));
    paper.add(e, 0, -1, write).add(e, 1, -1, write).add(e, 2, -1);
    assertEquals(1024, paper.read().entries().getLast().after().totalPayloadBytes());
    paper.add(new JournalRecord(Paper.VOLUME, e, 3, -1, 9_000, 1025, new Intent.Flush()));
    reads("E0 +1 +2 +3 !INCONSISTENT");

    var other = new Paper();
    long f = other.epoch();
    other.epoch();
    other.add(new JournalRecord(Paper.VOLUME, f, 0, -1, 9_000, 512, write));
    other.add(new JournalRecord(Paper.VOLUME, 1, 0, -1, 9_000, 512, write));
    assertEquals("E0 E1 -2 +3", other.read().toString());
  }

  @Test
  void offsetsThatSkipOrRepeatAreAHole() throws Exception {
    long e = paper.epoch();
    paper.add(e, 0, -1);
    var tracker = new EpochTracker(Paper.VOLUME, Position.START);
    tracker.accept(0, 0, RecordCodec.encode(paper.records().get(0)));
    for (long offset : new long[] {0, 2}) {
      var fault =
          assertThrows(
              JournalException.class,
              () -> tracker.accept(offset, 0, RecordCodec.encode(paper.records().get(1))));
      assertEquals(JournalException.Code.OFFSET_HOLE, fault.code());
    }
    tracker.accept(1, 0, RecordCodec.encode(paper.records().get(1)));
    assertEquals(2, tracker.nextOffset());
  }

  @Test
  void aFallingLeaderEpochIsAnotherTopicAndAnEmptyRecordIsDamaged() throws Exception {
    paper.epoch();
    ByteBuffer value = RecordCodec.encode(paper.records().get(0));
    var tracker = new EpochTracker(Paper.VOLUME, Position.START);
    tracker.accept(0, 5, value);
    assertEquals(
        JournalException.Code.RECREATED,
        assertThrows(JournalException.class, () -> tracker.accept(1, 4, value)).code());
    assertEquals(
        JournalException.Code.DAMAGED_RECORD,
        assertThrows(JournalException.class, () -> tracker.accept(1, 5, null)).code());
  }

  @Test
  void aReaderThatStartsAgainInTheMiddleOfABrokenTailWaitsForTheEpochBeforeItGoesOn() {
    long e = paper.epoch();
    paper.add(e, 0, -1).add(e, 2, 0).add(e, 3, 0);
    paper.epoch();
    Position inTail = paper.read().entries().get(2).after();
    assertEquals("-3 E4", paper.read(inTail).toString());
    paper.records().removeLast();
    assertEquals("stalled", paper.read(inTail).toString());
  }
}
