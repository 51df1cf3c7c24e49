package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException.Code;
import dev.drover.journal.PointResolver.Resolution;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PointResolverTest {
  private static final Instant T0 = Instant.parse("2026-03-01T00:00:00Z");

  private Instant now = T0;
  private final InstantSource time = () -> now;
  private final MemoryJournal journal =
      new MemoryJournal(new UUID(4, 2), time.withZone(ZoneOffset.UTC));
  private final PointResolver resolver =
      new PointResolver(MemoryShelf.volume(journal, 1 << 20), journal.source(), new MemoryShelf());
  private MemorySink sink;

  @BeforeEach
  void begin() throws Exception {
    sink = journal.sink();
  }

  private long append(Intent intent) {
    now = now.plusSeconds(1);
    return sink.append(intent).join();
  }

  private long write() {
    return append(new Intent.Write(0, ByteBuffer.allocate(512)));
  }

  private Resolution resolve(Point point) throws JournalException {
    return resolver.resolve(point, Position.START);
  }

  private void assertFails(Code code, Point point, Position from) {
    assertEquals(
        code, assertThrows(JournalException.class, () -> resolver.resolve(point, from)).code());
  }

  private Position positionAt(long offset) throws JournalException {
    try (IntentSource source = journal.source()) {
      Position at = Position.START;
      for (JournalEntry entry : source.poll(Duration.ZERO)) {
        at = entry.offset() < offset ? entry.after() : at;
      }
      return at;
    }
  }

  @Test
  void endIsTheLogEndAndAnOffsetIsItselfEvenBeyondTheEnd() throws Exception {
    write();
    assertEquals(new Resolution(2, true), resolve(new Point.End()));
    assertEquals(new Resolution(1, true), resolve(new Point.AtOffset(1)));
    assertEquals(new Resolution(99, true), resolve(new Point.AtOffset(99)));
  }

  @Test
  void whatLiesBelowTheImageIsPassed() throws Exception {
    write();
    write();
    append(new Intent.Mark("m"));
    write();
    Position at = positionAt(4);
    assertFails(Code.POINT_PASSED, new Point.AtOffset(3), at);
    assertFails(Code.POINT_PASSED, new Point.AtTime(T0), at);
    assertEquals(4, resolver.resolve(new Point.AtMark("m"), at).end());
    assertFails(Code.POINT_PASSED, new Point.AtMark("m"), positionAt(5));
    assertFails(Code.POINT_MISSING, new Point.AtMark("n"), positionAt(5));
  }

  @Test
  void aTimeIsThePrefixBeforeTheFirstIntentStampedLater() throws Exception {
    write(); // offset 1 at T0+1
    write(); // 2 at T0+2
    write(); // 3 at T0+3
    assertEquals(new Resolution(0, true), resolve(new Point.AtTime(T0.minusMillis(1))));
    assertEquals(
        new Resolution(0, true), resolve(new Point.AtTime(Instant.parse("1969-07-20T20:17:40Z"))));
    assertEquals(new Resolution(1, true), resolve(new Point.AtTime(T0)));
    assertEquals(new Resolution(3, true), resolve(new Point.AtTime(T0.plusSeconds(2))));
    assertEquals(new Resolution(3, true), resolve(new Point.AtTime(T0.plusMillis(2_999))));
    assertEquals(new Resolution(4, false), resolve(new Point.AtTime(T0.plusSeconds(3))));
  }

  @Test
  void aVoidRecordStampedLaterDoesNotEndATime() throws Exception {
    write();
    sink = journal.sink();
    now = T0.plusSeconds(100);
    journal.appendVoid(new Intent.Flush());
    now = T0.plusSeconds(4);
    write();
    assertEquals(new Resolution(4, true), resolve(new Point.AtTime(T0.plusSeconds(3))));
  }

  @Test
  void aTimeInALongJournalIsFoundFromAFewRecords() throws Exception {
    for (int i = 0; i < 10_000; i++) {
      write();
    }
    long before = journal.recordsLookedAt();
    IntentSource source = journal.source();
    var looking =
        new PointResolver(MemoryShelf.volume(journal, 1 << 20), source, new MemoryShelf());
    assertEquals(
        new Resolution(6_001, true),
        looking.resolve(new Point.AtTime(T0.plusSeconds(6_000)), Position.START));
    assertEquals(
        new Resolution(10_001, false),
        looking.resolve(new Point.AtTime(T0.plusSeconds(20_000)), Position.START));
    assertEquals(0, source.position().nextOffset(), "nothing was read in order");
    long looked = journal.recordsLookedAt() - before;
    assertTrue(looked < 150, looked + " records were looked at");
  }

  @Test
  void whateverTheLogsDatesSayATimeMeansTheSame() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      MemoryJournal any = new MemoryJournal(new UUID(4, seed), time.withZone(ZoneOffset.UTC));
      scribble(any, random);
      List<JournalEntry> entries = new ArrayList<>();
      try (IntentSource all = any.source()) {
        for (var some = all.poll(Duration.ZERO); !some.isEmpty(); some = all.poll(Duration.ZERO)) {
          entries.addAll(some);
        }
      }
      var points =
          new PointResolver(MemoryShelf.volume(any, 1 << 20), any.source(), new MemoryShelf());
      for (int i = 0; i < 30; i++) {
        if (i == 10) {
          any.setDates(_ -> random.nextLong(any.end() + 1));
        }
        Instant asked = T0.plusSeconds(random.nextInt(-5, 120));
        Position from =
            random.nextBoolean()
                ? Position.START
                : entries.get(random.nextInt(entries.size())).after();
        if (from.timestampMillis() <= asked.toEpochMilli()) {
          assertEquals(
              meant(entries, any.end(), asked),
              points.resolve(new Point.AtTime(asked), from),
              "seed " + seed + ", " + asked + " from " + from.nextOffset());
        }
      }
    }
  }

  /** Several writers, clocks that jump, records of writers that are over, and a broken tail. */
  private void scribble(MemoryJournal any, SplittableRandom random) throws JournalException {
    now = T0;
    MemorySink first = any.sink();
    MemorySink current = any.sink();
    for (int i = random.nextInt(60); i > 0; i--) {
      now = T0.plusSeconds(random.nextInt(100));
      switch (random.nextInt(8)) {
        case 0 -> current = any.sink();
        case 1, 2 -> any.appendVoid(new Intent.Flush());
        case 3 -> current.loseNext(random.nextInt(2));
        default -> current.append(new Intent.Flush());
      }
    }
    assertTrue(first.lost().isDone());
  }

  /** By the definition: all up to the first record that counts and is stamped later. */
  private static Resolution meant(List<JournalEntry> entries, long end, Instant asked) {
    return entries.stream()
        .filter(JournalEntry::valid)
        .filter(entry -> entry.after().timestampMillis() > asked.toEpochMilli())
        .findFirst()
        .map(entry -> new Resolution(entry.offset(), true))
        .orElse(new Resolution(end, false));
  }

  @Test
  void ofSeveralMarksOfOneNameTheNewestIsMeant() throws Exception {
    append(new Intent.Mark("m"));
    append(new Intent.Mark("n"));
    append(new Intent.Mark("m"));
    assertEquals(new Resolution(4, true), resolve(new Point.AtMark("m")));
    assertEquals(new Resolution(3, true), resolve(new Point.AtMark("n")));
  }

  @Test
  void ofSeveralSnapshotsOfOneNameTheNewestLiveOneIsMeant() throws Exception {
    UUID first = new UUID(0, 1);
    UUID second = new UUID(0, 2);
    append(new Intent.SnapshotCreate(first, "s"));
    append(new Intent.SnapshotCreate(second, "s"));
    append(new Intent.SnapshotCreate(first, "s")); // repeated request
    assertEquals(new Resolution(3, true), resolve(new Point.AtSnapshot("s")));
    append(new Intent.SnapshotDelete(second, "s"));
    assertEquals(new Resolution(2, true), resolve(new Point.AtSnapshot("s")));
    append(new Intent.SnapshotDelete(first, "s"));
    assertFails(Code.POINT_MISSING, new Point.AtSnapshot("s"), Position.START);
  }

  @Test
  void aBrokenTailIsTheEndOfWhatCanBeFound() throws Exception {
    append(new Intent.Mark("m"));
    sink.loseNext(1);
    sink.append(new Intent.Flush());
    sink.append(new Intent.Mark("m"));
    assertEquals(new Resolution(2, true), resolve(new Point.AtMark("m")));
    assertEquals(3, journal.end());
    assertEquals(new Resolution(3, false), resolve(new Point.AtTime(now.plusSeconds(9))));
  }
}
