package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException.Code;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class MemoryJournalTest {
  private final MemoryJournal journal =
      new MemoryJournal(
          new UUID(4, 2), Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC));
  private final IntentSource source = journal.source();

  private List<JournalEntry> poll() throws JournalException {
    return source.poll(Duration.ZERO);
  }

  private String shape(List<JournalEntry> entries) {
    return new Paper.Outcome(entries, null, source.stalled()).toString();
  }

  private static Intent.Write write(int bytes) {
    return new Intent.Write(4096, ByteBuffer.allocate(bytes));
  }

  @Test
  void whatTheSinkAppendsTheSourceReads() throws Exception {
    MemorySink sink = journal.sink();
    assertEquals(0, sink.epoch());
    assertEquals(1, sink.append(write(512)).join());
    assertEquals(2, sink.append(new Intent.Mark("m")).join());
    List<JournalEntry> entries = poll();
    assertEquals("E0 +1 +2", shape(entries));
    assertEquals(write(512), entries.get(1).record().intent());
    assertEquals(512, source.position().totalPayloadBytes());
    assertEquals(List.of(), poll());
  }

  @Test
  void aLongWriteIsAcknowledgedWithTheOffsetOfItsLastRecord() throws Exception {
    MemorySink sink = journal.sink();
    assertEquals(3, sink.append(write(2 * Chunker.MAX_DATA_BYTES + 1)).join());
    assertEquals("E0 +1 +2 +3", shape(poll()));
  }

  @Test
  void aSecondSinkFencesTheFirst() throws Exception {
    MemorySink first = journal.sink();
    first.append(write(512)).join();
    MemorySink second = journal.sink();
    assertEquals(Code.FENCED, first.lost().join().code());
    var failed =
        assertThrows(CompletionException.class, () -> first.append(new Intent.Flush()).join());
    assertEquals(Code.FENCED, ((JournalException) failed.getCause()).code());
    journal.appendVoid(write(512));
    second.append(write(512)).join();
    assertEquals("E0 +1 E2 -3 +4", shape(poll()));
    assertEquals(1024, source.position().totalPayloadBytes());
  }

  @Test
  void aLostRecordStallsReadersUntilTheNextEpoch() throws Exception {
    MemorySink sink = journal.sink();
    sink.append(write(512)).join();
    sink.loseNext(1);
    assertFalse(sink.append(write(512)).isDone());
    assertFalse(sink.append(write(512)).isDone());
    assertEquals("E0 +1 stalled", shape(poll()));
    assertEquals(2, source.position().nextOffset());
    sink.fail(new JournalException(Code.APPEND_FAILED, "expired"));
    MemorySink next = journal.sink();
    next.append(write(512)).join();
    assertEquals("-2 E3 +4", shape(poll()));
  }

  @Test
  void heldAcknowledgementsCompleteInOrderWhenReleased() throws Exception {
    MemorySink sink = journal.sink();
    journal.setHoldAcks(true);
    var first = sink.append(write(1));
    var second = sink.append(write(1));
    assertFalse(first.isDone() || second.isDone());
    assertEquals("E0 +1 +2", shape(poll()));
    journal.releaseAcks();
    assertEquals(List.of(1L, 2L), List.of(first.join(), second.join()));
  }

  @Test
  void aPollReturnsNoMoreThanItMay() throws Exception {
    MemorySink sink = journal.sink();
    sink.append(write(1)).join();
    sink.append(write(1)).join();
    journal.setMaxPollRecords(2);
    assertEquals("E0 +1", shape(poll()));
    assertEquals("+2", shape(poll()));
  }

  @Test
  void aDamagedRecordIsAFaultBehindEverythingBeforeItAndStaysOne() throws Exception {
    MemorySink sink = journal.sink();
    sink.append(write(512)).join();
    sink.append(write(512)).join();
    journal.damage(2);
    assertEquals("E0 +1", shape(poll()));
    for (int i = 0; i < 2; i++) {
      var fault = assertThrows(JournalException.class, this::poll);
      assertEquals(Code.DAMAGED_RECORD, fault.code());
      assertEquals(2, fault.offset());
    }
    assertEquals(2, source.position().nextOffset());
  }

  @Test
  void seekRefusesWhatIsNoLongerTheSameJournal() throws Exception {
    MemorySink sink = journal.sink();
    for (int i = 0; i < 4; i++) {
      sink.append(write(512)).join();
    }
    List<JournalEntry> all = poll();
    Position two = all.get(1).after();
    Position four = all.get(3).after();
    source.seek(two);
    assertEquals("+2 +3 +4", shape(poll()));

    journal.truncate(3);
    journal.sink();
    source.seek(two);
    assertSeekFails(Code.TRUNCATED, four);
    assertSeekFails(Code.TRUNCATED, all.get(4).after());
    journal.trim(2);
    assertSeekFails(Code.TRIMMED, two);
    assertSeekFails(Code.TRIMMED, Position.START);
    source.seek(all.get(2).after());

    JournalIdentity before = source.identity();
    journal.recreate();
    assertFalse(before.equals(source.identity()));
  }

  private void assertSeekFails(Code code, Position position) {
    assertEquals(code, assertThrows(JournalException.class, () -> source.seek(position)).code());
  }

  @Test
  void anAbsentBrokerIsRetriableAndNothingIsLost() throws Exception {
    MemorySink sink = journal.sink();
    sink.append(write(512)).join();
    journal.setAway(true);
    var away = assertThrows(JournalException.class, this::poll);
    assertTrue(away.retriable());
    assertThrows(JournalException.class, source::endOffset);
    journal.setAway(false);
    assertEquals("E0 +1", shape(poll()));
  }

  @Test
  void aClosedSinkSaysGoodbye() throws Exception {
    MemorySink sink = journal.sink();
    sink.close();
    sink.close();
    assertEquals(new Intent.Heartbeat(true), poll().getLast().record().intent());
    assertFalse(sink.lost().isDone());
    var failed =
        assertThrows(CompletionException.class, () -> sink.append(new Intent.Flush()).join());
    assertEquals(Code.CLOSED, ((JournalException) failed.getCause()).code());
  }
}
