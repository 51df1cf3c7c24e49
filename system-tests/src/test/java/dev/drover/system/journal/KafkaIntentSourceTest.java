package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.Position;
import dev.drover.journal.RecordCodec;
import dev.drover.journal.kafka.DumpedRecord;
import dev.drover.journal.kafka.JournalDump;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KafkaIntentSourceTest {
  private static final Duration SOON = Duration.ofMillis(200);

  private RawJournal journal;
  private IntentSource source;

  @BeforeEach
  void open() throws Exception {
    journal = new RawJournal(EmbeddedKafka.shared());
    source = KafkaIntentSource.open(journal.settings(), journal.volume());
  }

  @AfterEach
  void close() {
    source.close();
    journal.close();
  }

  /** Everything up to {@code end}, or up to a fault or a broken tail. */
  private List<JournalEntry> readTo(long end) throws JournalException {
    List<JournalEntry> entries = new ArrayList<>();
    while (source.position().nextOffset() < end && source.stall().isEmpty()) {
      entries.addAll(source.poll(SOON));
    }
    return entries;
  }

  private static String shape(List<JournalEntry> entries) {
    return entries.stream()
        .map(e -> (e.valid() ? "+" : "-") + e.offset())
        .collect(Collectors.joining(" "));
  }

  private JournalException assertFails(Code code, org.junit.jupiter.api.function.Executable call) {
    JournalException e = assertThrows(JournalException.class, call);
    assertEquals(code, e.code(), e.getMessage());
    return e;
  }

  @Test
  void entriesComeInOrderWithVoidOnesMarkedAndAPositionAfterEach() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    journal.write(a, 1, 512 * 1024);
    long b = journal.epoch();
    journal.add(journal.record(a, 2, new Intent.Flush()));
    journal.write(b, 0, 512);
    source.seek(Position.START);
    List<JournalEntry> entries = readTo(6);
    assertEquals("+0 +1 +2 +3 -4 +5", shape(entries));
    Position last = entries.getLast().after();
    assertEquals(last, source.position());
    assertEquals(512 * 1024 + 1024, last.totalPayloadBytes());
    assertEquals(6, source.endOffset());
    assertEquals(0, source.beginOffset());
    for (JournalEntry entry : entries) {
      source.seek(entry.after());
      assertEquals(6 - entry.offset() - 1, readTo(6).size());
      source.verifyAt(entries.get(1).after());
    }
    assertEquals(List.of(), source.poll(SOON));
  }

  @Test
  void theLogEndSaysHowMuchThereIsWithoutReadingUpToIt() throws Exception {
    source.seek(Position.START);
    assertEquals(new IntentSource.LogEnd(0, 0, 0), source.logEnd());
    long a = journal.epoch();
    for (int i = 0; i < 3; i++) {
      journal.write(a, i, 100_000);
    }
    IntentSource.LogEnd end = source.logEnd();
    assertEquals(4, end.offset());
    assertEquals(300_000, end.totalPayloadBytes());
    Position behind = readTo(4).getLast().after();
    assertEquals(behind.totalPayloadBytes(), end.totalPayloadBytes());
    assertEquals(behind.timestampMillis(), end.timestampMillis());
  }

  @Test
  void aSourceThatVerifiesAnotherPlaceGoesOnWhereItWas() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    source.seek(Position.START);
    List<JournalEntry> entries = readTo(2);
    journal.write(a, 1, 512);
    source.verifyAt(entries.getFirst().after());
    assertEquals("+2", shape(readTo(3)));
  }

  @Test
  void anotherRecordBelowThePositionOrAnEndBelowItMeansTruncated() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    source.seek(Position.START);
    Position two = readTo(2).getLast().after();
    var otherCrc = new Position(2, two.leaderEpoch(), two.headerCrc() + 1, a, 1, -1, 0, 512, 0);
    assertFails(Code.TRUNCATED, () -> source.seek(otherCrc));
    var otherLeader = new Position(2, two.leaderEpoch() + 1, two.headerCrc(), a, 1, -1, 0, 512, 0);
    assertFails(Code.TRUNCATED, () -> source.seek(otherLeader));
    var beyond = new Position(9, two.leaderEpoch(), two.headerCrc(), a, 8, -1, 0, 512, 0);
    assertFails(Code.TRUNCATED, () -> source.seek(beyond));
    source.seek(two);
  }

  @Test
  void aTrimmedBeginningIsRefused() throws Exception {
    long a = journal.epoch();
    for (int i = 0; i < 4; i++) {
      journal.write(a, i, 512);
    }
    source.seek(Position.START);
    List<JournalEntry> entries = readTo(5);
    journal.trim(3);
    assertFails(Code.TRIMMED, () -> source.seek(Position.START));
    assertFails(Code.TRIMMED, () -> source.seek(entries.get(1).after()));
    JournalException atBegin = assertFails(Code.TRIMMED, () -> source.seek(entries.get(2).after()));
    assertTrue(atBegin.getMessage().contains("the journal begins at 3"), atBegin.getMessage());
    source.seek(entries.get(3).after());
    assertEquals("+4", shape(readTo(5)));
  }

  @Test
  void aForeignTransactionShowsAsAHoleThoughItsRecordLooksRight() throws Exception {
    long a = journal.epoch();
    journal.addForeignTransaction(journal.record(a, 0, new Intent.Flush()));
    source.seek(Position.START);
    assertEquals("+0 +1", shape(readTo(2)));
    assertEquals(2, assertFails(Code.OFFSET_HOLE, () -> readTo(3)).offset() - 1);
  }

  @Test
  void aDamagedRecordStopsBehindWhatIsGoodAndTheDumpShowsItAndGoesOn() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    byte[] hurt = RecordCodec.encode(journal.record(a, 1, new Intent.Mark("m"))).array();
    hurt[hurt.length - 1] ^= 1;
    journal.addBytes(hurt);
    journal.add(journal.record(a, 2, new Intent.Flush()));
    source.seek(Position.START);
    assertEquals("+0 +1", shape(readTo(2)));
    for (int i = 0; i < 2; i++) {
      JournalException fault = assertFails(Code.DAMAGED_RECORD, () -> readTo(3));
      assertEquals(2, fault.offset());
      assertEquals(journal.topic(), fault.journal());
    }
    assertEquals(2, source.position().nextOffset());

    List<DumpedRecord> lines = new ArrayList<>();
    try (var dump = JournalDump.open(journal.settings(), journal.topic())) {
      assertEquals(1, dump.dump(0, Long.MAX_VALUE, lines::add));
    }
    assertEquals(List.of(0L, 1L, 2L, 3L), lines.stream().map(DumpedRecord::offset).toList());
    assertEquals(Code.DAMAGED_RECORD, lines.get(2).damage().code());
    assertTrue(lines.get(1).counts());
    assertFalse(lines.get(3).counts());
  }

  @Test
  void aByteFlippedOnTheBrokersDiskIsADamagedRecord() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    journal.write(a, 1, 5000);
    var folder = EmbeddedKafka.shared().partitionFolder(0, journal.topic());
    var segment = folder.resolve("00000000000000000000.log");
    try (var file = FileChannel.open(segment, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer last = ByteBuffer.wrap(new byte[1]);
      file.read(last, file.size() - 100);
      file.write(ByteBuffer.wrap(new byte[] {(byte) (last.get(0) ^ 4)}), file.size() - 100);
    }
    source.seek(Position.START);
    assertEquals("+0 +1", shape(readTo(2)));
    assertEquals(2, assertFails(Code.DAMAGED_RECORD, () -> readTo(3)).offset());

    journal.add(journal.record(a, 2, new Intent.Flush()));
    List<DumpedRecord> lines = new ArrayList<>();
    try (var dump = JournalDump.open(journal.settings(), journal.topic())) {
      assertEquals(1, dump.dump(1, 4, lines::add));
    }
    assertEquals(List.of(1L, 2L, 3L), lines.stream().map(DumpedRecord::offset).toList());
  }

  @Test
  void aBrokenTailStallsUntilTheNextEpoch() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    journal.add(journal.record(a, 2, new Intent.Flush()));
    journal.add(journal.record(a, 3, new Intent.Flush()));
    source.seek(Position.START);
    List<JournalEntry> before = readTo(4);
    while (source.stall().isEmpty() || source.stall().get().seenTo() < 4) {
      before.addAll(source.poll(SOON));
    }
    assertEquals("+0 +1", shape(before));
    assertEquals(4, source.endOffset());
    long b = journal.epoch();
    journal.write(b, 0, 512);
    List<JournalEntry> after = new ArrayList<>();
    while (source.position().nextOffset() < 6) {
      after.addAll(source.poll(SOON));
    }
    assertEquals("-2 -3 +4 +5", shape(after));
  }

  @Test
  void aRecreatedTopicIsNeverReadOnAsIfItWereTheSame() throws Exception {
    long a = journal.epoch();
    journal.write(a, 0, 512);
    source.seek(Position.START);
    JournalIdentity before = source.identity();
    readTo(2);
    journal.recreate();
    for (int i = 0; i < 4; i++) {
      journal.epoch();
    }
    List<JournalEntry> read = new ArrayList<>();
    JournalException e =
        assertThrows(
            JournalException.class,
            () -> {
              while (read.isEmpty()) {
                read.addAll(source.poll(SOON));
              }
            });
    assertEquals(Code.RECREATED, e.code(), e.getMessage());
    assertEquals(List.of(), read);
    assertFails(Code.RECREATED, () -> source.poll(SOON));
    assertFails(Code.RECREATED, source::identity);
    try (var fresh = KafkaIntentSource.open(journal.settings(), journal.volume())) {
      assertFalse(before.equals(fresh.identity()));
    }
  }

  @Test
  void aMissingTopicAndOneOfTwoPartitionsAreNamed() throws Exception {
    try (var two = new RawJournal(EmbeddedKafka.shared(), 2);
        var from = KafkaIntentSource.open(two.settings(), two.volume())) {
      JournalException e = assertFails(Code.BAD_TOPIC, () -> from.seek(Position.START));
      assertTrue(e.getMessage().contains(two.topic()), e.getMessage());
    }
    var nowhere = EmbeddedKafka.shared().settings(EmbeddedKafka.freshPrefix());
    var volume = journal.volume();
    var missing =
        new dev.drover.journal.VolumeDescriptor(
            volume.name(),
            volume.uuid(),
            volume.sizeBytes(),
            volume.state(),
            nowhere.topics().intents("v"),
            null,
            volume.chunkBytes(),
            volume.created(),
            null);
    try (var from = KafkaIntentSource.open(nowhere, missing)) {
      assertFails(Code.TOPIC_MISSING, () -> from.seek(Position.START));
    }
  }
}
