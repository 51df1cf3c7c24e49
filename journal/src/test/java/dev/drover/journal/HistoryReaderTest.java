package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HistoryReaderTest {
  private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");
  private static final long SIZE = 1 << 20;
  private static final UUID A = new UUID(0, 1);
  private static final UUID B = new UUID(0, 2);

  private final MemoryJournal journal =
      new MemoryJournal(new UUID(4, 2), Clock.fixed(NOW, ZoneOffset.UTC));
  private final MemoryShelf shelf = new MemoryShelf();
  private MemorySink sink;

  @BeforeEach
  void begin() throws Exception {
    sink = journal.sink();
  }

  private long append(Intent intent) {
    return sink.append(intent).join();
  }

  private JournalHistory read() throws JournalException {
    return read(journal.source());
  }

  private JournalHistory read(IntentSource source) throws JournalException {
    return new HistoryReader(MemoryShelf.volume(journal, SIZE), source, shelf).read();
  }

  private static List<String> live(JournalHistory history) {
    return history.live().stream().map(JournalHistory.Snapshot::name).toList();
  }

  @Test
  void anEmptyJournalHasTheSizeItWasMadeWithAndNothingElse() throws Exception {
    JournalHistory history = read();
    assertEquals(SIZE, history.sizeBytes());
    assertEquals(List.of(), history.snapshots());
    assertEquals(sink.epoch(), history.newestEpoch());
  }

  @Test
  void aRevertBringsTheSnapshotsSizeBack() throws Exception {
    append(new Intent.SnapshotCreate(A, "a"));
    append(new Intent.Resize(2 * SIZE));
    append(new Intent.SnapshotCreate(B, "b"));
    assertEquals(2 * SIZE, read().sizeBytes());
    append(new Intent.SnapshotRevert(A, "a"));
    assertEquals(SIZE, read().sizeBytes());
    append(new Intent.SnapshotRevert(B, "b"));
    assertEquals(2 * SIZE, read().sizeBytes());
    assertEquals(List.of("a", "b"), live(read()));
  }

  @Test
  void aDroppedSnapshotIsKnownToHaveLivedUntilThen() throws Exception {
    long taken = append(new Intent.SnapshotCreate(A, "a"));
    append(new Intent.SnapshotCreate(A, "a")); // a repeated request
    long dropped = append(new Intent.SnapshotDelete(A, "a"));
    append(new Intent.SnapshotDelete(A, "a"));
    JournalHistory history = read();
    assertEquals(List.of(), live(history));
    JournalHistory.Snapshot gone = history.snapshots().getFirst();
    assertEquals(1, history.snapshots().size());
    assertEquals(dropped, gone.deletedAt());
    assertFalse(gone.livesAt(taken));
    assertTrue(gone.livesAt(taken + 1));
    assertTrue(gone.livesAt(dropped));
    assertFalse(gone.livesAt(dropped + 1));
  }

  @Test
  void theSecondReaderBeginsWhereTheFirstEnded() throws Exception {
    append(new Intent.SnapshotCreate(A, "a"));
    append(new Intent.Mark("m"));
    JournalHistory first = read();
    assertEquals(1, shelf.puts);
    // So nobody could read it from the beginning.
    journal.trim(first.position().nextOffset() - 1);
    append(new Intent.Mark("n"));
    JournalHistory second = read();
    assertEquals(List.of("a"), live(second));
    assertTrue(second.mark("m").isPresent() && second.mark("n").isPresent());
    assertEquals(2, shelf.puts);
    assertEquals(second, read());
    assertEquals(2, shelf.puts, "nothing new is written again");
  }

  @Test
  void voidRecordsSayNothing() throws Exception {
    sink = journal.sink();
    journal.appendVoid(new Intent.Resize(5 * SIZE));
    journal.appendVoid(new Intent.SnapshotCreate(A, "a"));
    append(new Intent.Mark("m"));
    JournalHistory history = read();
    assertEquals(SIZE, history.sizeBytes());
    assertEquals(List.of(), history.snapshots());
    assertTrue(history.mark("m").isPresent());
  }

  @Test
  void aHistoryOfAJournalThatWasCutIsReadAnew() throws Exception {
    append(new Intent.Mark("m"));
    append(new Intent.Resize(2 * SIZE));
    assertEquals(2 * SIZE, read().sizeBytes());
    journal.truncate(2);
    sink = journal.sink();
    append(new Intent.Flush());
    append(new Intent.Flush());
    JournalHistory history = read();
    assertEquals(SIZE, history.sizeBytes());
    assertTrue(history.mark("m").isPresent());
  }

  @Test
  void aJournalThatCannotBeAskedForAMomentIsNotReadFromItsBeginning() throws Exception {
    append(new Intent.Mark("m"));
    read();
    var away = new JournalException(JournalException.Code.UNREACHABLE, "no answer");
    IntentSource real = journal.source();
    IntentSource hiccup =
        (IntentSource)
            Proxy.newProxyInstance(
                IntentSource.class.getClassLoader(),
                new Class<?>[] {IntentSource.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("verifyAt")) {
                    throw away;
                  }
                  return method.invoke(real, arguments);
                });
    assertEquals(away, assertThrows(JournalException.class, () -> read(hiccup)));
  }

  @Test
  void aShelfThatTakesNothingIsNotMissed() throws Exception {
    shelf.setReadOnly();
    append(new Intent.SnapshotCreate(A, "a"));
    assertEquals(List.of("a"), live(read()));
  }

  @Test
  void theBrokenTailOfAWriterThatIsGoneDoesNotCount() throws Exception {
    append(new Intent.Resize(2 * SIZE));
    sink.loseNext(1);
    sink.append(new Intent.Write(0, ByteBuffer.allocate(512)));
    sink.append(new Intent.Resize(3 * SIZE));
    assertEquals(2 * SIZE, read().sizeBytes());
  }
}
