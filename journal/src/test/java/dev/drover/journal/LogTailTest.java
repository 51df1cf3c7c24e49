package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogTailTest {
  private final SimulatedLog log = new SimulatedLog();
  private long total;

  private LogTail tail() throws JournalException {
    return LogTail.below(log.records().size(), log.view());
  }

  private long flush(long epoch, long sequence, long acked) {
    return record(epoch, sequence, acked, total, new Intent.Flush());
  }

  private long write(long epoch, long sequence, long acked, int bytes) {
    total += bytes;
    return record(epoch, sequence, acked, total, new Intent.Write(0, ByteBuffer.allocate(bytes)));
  }

  private long record(long epoch, long sequence, long acked, long sum, Intent intent) {
    log.pass(1);
    long time = log.clock().millis();
    return log.put(
        new JournalRecord(SimulatedLog.VOLUME, epoch, sequence, acked, time, sum, intent));
  }

  @Test
  void anEmptyJournalHasNoWriter() throws JournalException {
    assertNull(tail().writer());
    assertEquals(0, tail().totalPayloadBytes());
  }

  @Test
  void theWriterIsWhoTheNewestEpochNames() throws JournalException {
    log.putEpoch("h1");
    long second = log.putEpoch("h2");
    WriterState writer = tail().writer();
    assertEquals("h2", writer.host());
    assertEquals(second, writer.epoch());
    assertFalse(writer.closed());
  }

  @Test
  void aWriterThatSaidGoodbyeIsClosedWhateverALateZombieAppends() throws Exception {
    long zombie = log.putEpoch("zombie");
    long epoch = log.putEpoch("h");
    record(epoch, 0, -1, 0, new Intent.Heartbeat(true));
    flush(zombie, 0, -1);
    assertTrue(tail().writer().closed());
    assertEquals("h", tail().writer().host());
  }

  @Test
  void theTotalBelowAnEpochWithoutRecordsIsThatOfTheEpochBefore() throws Exception {
    long first = log.putEpoch("h1");
    write(first, 0, -1, 10);
    write(first, 1, -1, 20);
    log.putEpoch("h2");
    log.putEpoch("h3");
    assertEquals(30, tail().totalPayloadBytes());
  }

  @Test
  void voidRecordsAddNothingToTheTotal() throws Exception {
    long first = log.putEpoch("h1");
    write(first, 0, -1, 10);
    long second = log.putEpoch("h2");
    record(first, 1, -1, 15, new Intent.Write(0, ByteBuffer.allocate(5)));
    flush(second, 0, -1);
    record(first, 2, -1, 20, new Intent.Write(0, ByteBuffer.allocate(5)));
    assertEquals(10, tail().totalPayloadBytes());
  }

  @Test
  void whatFollowsABreakInTheSequenceDoesNotCount() throws Exception {
    long epoch = log.putEpoch("h");
    write(epoch, 0, -1, 10);
    long below = write(epoch, 1, -1, 10) + 1;
    write(epoch, 3, -1, 10);
    write(epoch, 4, -1, 10);
    assertEquals(20, tail().totalPayloadBytes());
    assertEquals(below, tail().countsBelow());
  }

  @Test
  void aBreakThatLiesBeforeTheFirstLookIsFound() throws Exception {
    long epoch = log.putEpoch("h");
    long below = 0;
    for (int i = 0; i < 10; i++) {
      below = write(epoch, i, i - 1, 1) + 1;
    }
    // Sequence 10 is missing; the fence lets nothing behind it be acknowledged.
    for (int i = 11; i < 60; i++) {
      write(epoch, i, 9, 1);
    }
    assertEquals(below, tail().countsBelow());
    assertEquals(10, tail().totalPayloadBytes());
  }

  @Test
  void anEpochThatLiesBeforeAFloodOfLateRecordsIsFound() throws Exception {
    long zombie = log.putEpoch("zombie");
    for (int i = 0; i < 10; i++) {
      write(zombie, i, i - 1, 1);
    }
    log.putEpoch("h");
    for (int i = 10; i < 60; i++) {
      write(zombie, i, 9, 1);
    }
    assertEquals("h", tail().writer().host());
    assertEquals(10, tail().totalPayloadBytes());
  }

  @Test
  void aLongJournalIsJudgedFromItsLastFewRecords() throws Exception {
    long epoch = log.putEpoch("h");
    for (int i = 0; i < 10_000; i++) {
      flush(epoch, i, i - 1);
    }
    List<Long> read = new ArrayList<>();
    LogView counting =
        new LogView() {
          @Override
          public long beginOffset() {
            return 0;
          }

          @Override
          public long endOffset() {
            return log.records().size();
          }

          @Override
          public List<Seen> read(long from, long to) throws JournalException {
            read.add(to - from);
            return log.view().read(from, to);
          }

          @Override
          public void close() {}
        };
    LogTail tail = LogTail.below(10_001, counting);
    assertEquals(10_001, tail.countsBelow());
    assertEquals(List.of(16L, 1L), read, "the last few, and the EPOCH record");
  }

  @Test
  void aRecordBelowALaterEpochCountsAndOneAboveDoesNot() throws Exception {
    long first = log.putEpoch("h1");
    long below = flush(first, 0, -1);
    long second = log.putEpoch("h2");
    long above = flush(first, 1, -1);
    log.putEpoch("h3");
    long end = log.records().size();
    assertTrue(counts(below, end));
    assertFalse(counts(above, end));
    assertTrue(counts(below, second), "already before there was a later one");
  }

  private boolean counts(long offset, long end) throws JournalException {
    return LogTail.counts(log.view().read(offset, offset + 1).getFirst(), end, log.view());
  }

  @Test
  void timeIsTheLatestThatAnybodyStamped() throws Exception {
    log.pass(5_000);
    long ahead = log.clock().millis();
    log.putEpoch("ahead");
    log.pass(-5_000);
    long epoch = log.putEpoch("h");
    assertEquals(ahead, tail().timestampMillis());
    assertEquals(1, epoch);
  }
}
