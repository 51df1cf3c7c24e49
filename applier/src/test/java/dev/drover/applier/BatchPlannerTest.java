package dev.drover.applier;

import static dev.drover.applier.Journals.entries;
import static dev.drover.applier.Journals.epoch;
import static dev.drover.applier.Journals.snapshot;
import static dev.drover.applier.Journals.write;
import static dev.drover.applier.Journals.zero;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.BatchPlanner.Alone;
import dev.drover.applier.BatchPlanner.Changes;
import dev.drover.applier.BatchPlanner.Mode;
import dev.drover.applier.BatchPlanner.Nothing;
import dev.drover.applier.BatchPlanner.Plan;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.Position;
import dev.drover.qcow2.GuestChange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class BatchPlannerTest {

  private static final int CLUSTER = 4096;
  private static final long NO_LIMIT = Long.MAX_VALUE;
  private static final BatchLimits LIMITS = new BatchLimits(64 * 1024, 100, 32, 1 << 20);

  private final BatchPlanner planner = new BatchPlanner(LIMITS, CLUSTER);

  private Plan plan(List<JournalEntry> queue) {
    return planner.plan(
        queue, Position.START, 0, NO_LIMIT, LIMITS.maxIntents(), Mode.DROP_OVERWRITTEN);
  }

  private Changes changes(List<JournalEntry> queue) {
    return assertInstanceOf(Changes.class, plan(queue));
  }

  @Test
  void anEmptyQueueIsNothingToDo() {
    assertInstanceOf(Nothing.class, plan(List.of()));
  }

  @Test
  void intentsThatFitAreOneBatchUpToTheLast() {
    List<JournalEntry> queue = entries(write(0, 512, 1), new Intent.Flush(), write(8192, 512, 2));
    Changes batch = changes(queue);
    assertEquals(3, batch.entries());
    assertEquals(3, batch.intents());
    assertEquals(1024, batch.bytes());
    assertEquals(2, batch.changes().size());
    assertEquals(queue.getLast().after(), batch.after());
    assertFalse(batch.atBoundary());
  }

  @Test
  void nothingAtOrAboveTheLimitOffsetIsInABatch() {
    List<JournalEntry> queue = entries(write(0, 512, 1), write(512, 512, 2), write(1024, 512, 3));
    for (int limit = 0; limit <= 3; limit++) {
      Plan plan = planner.plan(queue, Position.START, 0, limit, 100, Mode.DROP_OVERWRITTEN);
      int planned = plan instanceof Changes batch ? batch.entries() : 0;
      assertEquals(limit, planned);
    }
  }

  @Test
  void eachLimitEndsABatchAndNoneStopsASingleIntent() {
    BatchLimits tiny = new BatchLimits(1024, 2, 2, 4096);
    BatchPlanner strict = new BatchPlanner(tiny, CLUSTER);
    assertEquals(2, count(strict, entries(write(0, 8, 1), write(8, 8, 2), write(16, 8, 3))));
    assertEquals(1, count(strict, entries(write(0, 800, 1), write(800, 800, 2))));
    assertEquals(1, count(strict, entries(write(0, 8, 1), write(CLUSTER - 4, 512, 2))));
    assertEquals(1, count(strict, entries(write(0, 5 * CLUSTER, 1), write(0, 8, 2))));
  }

  private static int count(BatchPlanner planner, List<JournalEntry> queue) {
    Plan plan = planner.plan(queue, Position.START, 0, NO_LIMIT, 2, Mode.DROP_OVERWRITTEN);
    return assertInstanceOf(Changes.class, plan).entries();
  }

  @Test
  void snapshotAndResizeStandAlone() {
    for (Intent alone :
        List.of(
            snapshot(1, "s"),
            new Intent.SnapshotDelete(new UUID(0, 1), "s"),
            new Intent.SnapshotRevert(new UUID(0, 1), "s"),
            new Intent.Resize(1 << 20))) {
      List<JournalEntry> queue = entries(write(0, 512, 1), alone, write(0, 512, 2));
      assertEquals(1, changes(queue).entries());
      assertInstanceOf(Alone.class, plan(queue.subList(1, 3)));
      assertEquals(1, planner.promise(queue, Position.START, NO_LIMIT).nextOffset());
    }
  }

  @Test
  void markAndEpochEndABatchAndNoPromiseReachesBehindThem() {
    for (Intent boundary : List.of(new Intent.Mark("m"), epoch(1))) {
      List<JournalEntry> queue = entries(write(0, 512, 1), boundary, write(0, 512, 2));
      Changes batch = changes(queue);
      assertEquals(2, batch.entries());
      assertTrue(batch.atBoundary());
      assertEquals(2, planner.promise(queue, Position.START, NO_LIMIT).nextOffset());
    }
  }

  @Test
  void aPromiseReachesTheEndOfWhatIsFetchedAndNotBeyondThePoint() {
    List<JournalEntry> queue = entries(write(0, 512, 1), write(0, 512, 2), write(0, 512, 3));
    assertEquals(3, planner.promise(queue, Position.START, NO_LIMIT).nextOffset());
    assertEquals(2, planner.promise(queue, Position.START, 2).nextOffset());
    assertEquals(Position.START, planner.promise(List.of(), Position.START, NO_LIMIT));
  }

  @Test
  void voidRecordsOnlyMoveThePosition() {
    JournalEntry snapshot = Journals.after(Position.START, snapshot(1, "s"), false);
    JournalEntry write = Journals.after(snapshot.after(), write(0, 512, 1), false);
    Changes batch = changes(List.of(snapshot, write));
    assertEquals(2, batch.entries());
    assertEquals(0, batch.intents());
    assertEquals(0, batch.bytes());
    assertEquals(List.of(), batch.changes());
    assertEquals(2, batch.after().nextOffset());
  }

  @Test
  void overwrittenBytesAreDroppedAlsoAcrossAFlush() {
    Changes batch =
        changes(entries(write(0, 4096, 1), new Intent.Flush(), write(1024, 1024, 2), zero(0, 512)));
    assertEquals(3, batch.entries() - 1);
    byte[] disk = new byte[4096];
    long covered = 0;
    for (GuestChange change : batch.changes()) {
      covered += change.length();
      apply(change, disk);
    }
    assertEquals(4096, covered);
    assertEquals(0, disk[511]);
    assertEquals(1, disk[512]);
    assertEquals(2, disk[1024]);
    assertEquals(2, disk[2047]);
    assertEquals(1, disk[2048]);
  }

  @Test
  void aRetryDropsNothingAndStopsBeforeAnOverwrite() {
    List<JournalEntry> queue = entries(write(0, 512, 1), write(512, 512, 2), write(1000, 8, 3));
    Plan plan = planner.plan(queue, Position.START, 0, NO_LIMIT, 100, Mode.EXACT);
    assertEquals(2, assertInstanceOf(Changes.class, plan).entries());
  }

  @Test
  void aHugeZeroIsCutIntoPartsAndThePositionWaitsForTheLast() {
    long length = 100L * CLUSTER;
    List<JournalEntry> queue = entries(zero(100, length));
    long done = 0;
    List<GuestChange> all = new ArrayList<>();
    for (int part = 0; part < 3; part++) {
      Changes batch =
          assertInstanceOf(
              Changes.class,
              planner.plan(queue, Position.START, done, NO_LIMIT, 1, Mode.DROP_OVERWRITTEN));
      assertEquals(0, batch.entries());
      assertEquals(Position.START, batch.after());
      assertEquals(0, (100 + batch.zeroedBytes()) % CLUSTER, "a part ends with a cluster");
      done = batch.zeroedBytes();
      all.addAll(batch.changes());
    }
    Changes last =
        assertInstanceOf(
            Changes.class,
            planner.plan(queue, Position.START, done, NO_LIMIT, 1, Mode.DROP_OVERWRITTEN));
    assertEquals(1, last.entries());
    assertEquals(0, last.zeroedBytes());
    all.addAll(last.changes());
    long at = 100;
    for (GuestChange change : all) {
      assertEquals(at, change.offset().bytes());
      at = change.end();
    }
    assertEquals(100 + length, at);
  }

  @Test
  void whateverIsPlannedGivesTheContentOfTheIntentsOneByOne() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      List<JournalEntry> queue = randomEntries(random, 40);
      byte[] expected = new byte[64 * 1024];
      for (JournalEntry entry : queue) {
        apply(entry, expected);
      }
      byte[] actual = new byte[expected.length];
      Mode mode = random.nextBoolean() ? Mode.EXACT : Mode.DROP_OVERWRITTEN;
      drain(queue, mode, 1 + random.nextInt(20), actual);
      assertArrayEquals(expected, actual, "seed " + seed);
    }
  }

  private void drain(List<JournalEntry> queue, Mode mode, int maxIntents, byte[] disk) {
    Position at = Position.START;
    long zeroed = 0;
    BatchPlanner small = new BatchPlanner(new BatchLimits(9000, 100, 3, 1 << 20), CLUSTER);
    List<JournalEntry> rest = queue;
    while (!rest.isEmpty()) {
      Plan plan = small.plan(rest, at, zeroed, NO_LIMIT, maxIntents, mode);
      if (plan instanceof Alone) {
        at = rest.getFirst().after();
        rest = rest.subList(1, rest.size());
        continue;
      }
      Changes batch = assertInstanceOf(Changes.class, plan);
      assertTrue(batch.entries() > 0 || batch.zeroedBytes() > zeroed, "no progress");
      assertDisjoint(batch.changes());
      batch.changes().forEach(change -> apply(change, disk));
      at = batch.after();
      zeroed = batch.zeroedBytes();
      rest = rest.subList(batch.entries(), rest.size());
      assertEquals(queue.size() - rest.size(), at.nextOffset());
    }
  }

  private static void assertDisjoint(List<GuestChange> changes) {
    long end = 0;
    for (GuestChange change : changes) {
      assertTrue(change.offset().bytes() >= end, "overlap at " + change.offset());
      end = change.end();
    }
  }

  private static List<JournalEntry> randomEntries(Random random, int count) {
    List<JournalEntry> entries = new ArrayList<>();
    Position at = Position.START;
    for (int i = 0; i < count; i++) {
      int offset = random.nextInt(48 * 1024);
      int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 16 * 1024 : 600);
      Intent intent =
          switch (random.nextInt(12)) {
            case 0 -> new Intent.Flush();
            case 1 -> new Intent.Mark("m");
            case 2 -> snapshot(i, "s" + i);
            case 3, 4, 5 -> zero(offset, length);
            default -> write(offset, length, i + 1);
          };
      JournalEntry entry = Journals.after(at, intent, random.nextInt(10) > 0);
      entries.add(entry);
      at = entry.after();
    }
    return entries;
  }

  private static void apply(JournalEntry entry, byte[] disk) {
    if (!entry.valid()) {
      return;
    }
    if (entry.record().intent() instanceof Intent.Write write) {
      write.data().get(disk, (int) write.guestOffset(), write.length());
    } else if (entry.record().intent() instanceof Intent.Zero zero) {
      fillZero(disk, zero.guestOffset(), zero.length());
    }
  }

  private static void apply(GuestChange change, byte[] disk) {
    switch (change) {
      case GuestChange.Write write ->
          write
              .data()
              .duplicate()
              .get(disk, (int) write.offset().bytes(), write.data().remaining());
      case GuestChange.Zero zero -> fillZero(disk, zero.offset().bytes(), zero.length());
    }
  }

  private static void fillZero(byte[] disk, long offset, long length) {
    Arrays.fill(disk, (int) offset, (int) (offset + length), (byte) 0);
  }
}
