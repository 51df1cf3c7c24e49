package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalRecord;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DumpJudgeTest {
  private static final UUID VOLUME = new UUID(1, 1);
  private final JournalDump.Judge judge = new JournalDump.Judge();

  private static JournalRecord record(long epoch, long sequence) {
    return new JournalRecord(VOLUME, epoch, sequence, -1, 0, 0, new Intent.Flush());
  }

  private static JournalRecord opening() {
    var intent = new Intent.Epoch(VOLUME, "h", Intent.Epoch.NO_IMAGE, "");
    return JournalRecord.epoch(VOLUME, 0, 0, intent);
  }

  @Test
  void aDumpThatBeginsInTheMiddleTakesTheEpochAndSequenceThatItFinds() {
    assertTrue(judge.counts(100, record(40, 7)));
    assertTrue(judge.counts(101, record(40, 8)));
    assertFalse(judge.counts(102, record(12, 900)));
    assertTrue(judge.counts(103, record(40, 9)));
  }

  @Test
  void behindAnEpochRecordOnlyItsOwnRecordsInTheirSequenceCount() {
    assertTrue(judge.counts(5, opening()));
    assertFalse(judge.counts(6, record(0, 4)));
    assertTrue(judge.counts(7, record(5, 0)));
    assertFalse(judge.counts(8, record(5, 2)));
    assertFalse(judge.counts(9, record(5, 1)));
    assertTrue(judge.counts(10, opening()));
    assertFalse(judge.counts(11, record(5, 1)));
    assertTrue(judge.counts(12, record(10, 0)));
  }

  @Test
  void aNewerEpochThatBeganBelowTheDumpIsLearntFromItsRecords() {
    assertTrue(judge.counts(100, record(40, 7)));
    assertTrue(judge.counts(101, record(90, 3)));
    assertFalse(judge.counts(102, record(40, 8)));
  }
}
