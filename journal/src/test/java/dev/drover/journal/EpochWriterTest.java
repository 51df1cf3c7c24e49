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
  void an_epoch_is_the_offset_of_its_own_record_and_begins_with_a_heartbeat() {
    EpochWriter writer = log.ready("a");
    assertEquals(0, writer.epoch());
    assertEquals(0, writer.ready().join());
    assertEquals(new Intent.Heartbeat(false), log.records().get(1).intent());
    assertEquals("E0 +1", log.judge().toString());
  }

  @Test
  void an_append_completes_only_after_its_acknowledgement() {
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
  void a_long_write_is_chunked_and_completes_with_its_last_record() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(write(Chunker.MAX_DATA_BYTES * 2 + 1));
    log.lastLine().settle();
    step(writer);
    assertEquals(4, done.join());
    assertEquals("E0 +1 +2 +3 +4", log.judge().toString());
  }

  @Test
  void a_live_writer_of_another_image_is_not_superseded_by_accident() {
    log.ready("a");
    EpochWriter second = log.writer("b", false);
    step(second);
    assertEquals(JournalException.Code.WRITER_ALIVE, code(second.ready()));
    assertEquals(2, log.records().size(), "it wrote nothing");
  }

  @Test
  void the_same_image_starts_again_at_once() {
    log.ready("a");
    assertEquals(2, log.ready("a").epoch());
  }

  @Test
  void a_writer_that_said_goodbye_is_followed_at_once() {
    EpochWriter first = log.ready("a");
    var goodbye = first.sayGoodbye();
    log.lastLine().settle();
    step(first);
    assertEquals(2, goodbye.join());
    assertEquals(3, log.ready("b").epoch());
  }

  @Test
  void a_writer_that_fell_silent_is_followed_after_fifteen_seconds() {
    log.ready("a");
    log.pass(14_999);
    EpochWriter early = log.writer("b", false);
    step(early);
    assertEquals(JournalException.Code.WRITER_ALIVE, code(early.ready()));
    log.pass(1);
    assertEquals(2, log.ready("b").epoch());
  }

  @Test
  void late_records_of_the_old_writer_below_the_epoch_count_and_those_above_are_void() {
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
  void two_that_take_an_epoch_at_once_settle_on_the_later_one() {
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
  void an_idle_writer_learns_within_a_second_that_it_is_fenced() {
    EpochWriter writer = log.ready("a");
    log.putEpoch("thief");
    log.pass(1_000);
    step(writer);
    JournalException lost = writer.lost().join();
    assertEquals(JournalException.Code.FENCED, lost.code());
    assertTrue(lost.getMessage().contains("thief"), lost.getMessage());
  }

  @Test
  void an_idle_writer_sends_a_heartbeat_every_five_seconds() {
    EpochWriter writer = log.ready("a");
    for (int i = 0; i < 100; i++) {
      log.pass(100);
      step(writer);
      log.lastLine().settle();
    }
    assertEquals(4, log.records().size(), "EPOCH, the first one, and two in ten seconds");
  }

  @Test
  void void_records_in_a_gap_are_stepped_over() {
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
  void nothing_is_acknowledged_while_a_gap_can_not_be_read() {
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
  void a_gap_that_stays_unreadable_loses_the_journal() {
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
  void an_acknowledgement_without_an_offset_is_looked_up() {
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
  void an_epoch_record_that_was_acknowledged_without_an_offset_is_looked_up() {
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
  void an_acknowledgement_behind_what_was_reached_shows_that_the_log_was_cut() {
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
  void a_hole_in_the_offsets_is_refused() {
    EpochWriter writer = log.ready("a");
    log.put(null);
    var done = writer.append(mark("m"));
    log.lastLine().settle();
    step(writer);
    assertEquals(JournalException.Code.OFFSET_HOLE, code(done));
  }

  @Test
  void after_one_failure_a_new_epoch_appends_what_did_not_land() {
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
  void what_lands_too_late_for_the_new_epoch_is_void_and_was_appended_again() {
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
  void appends_during_the_repair_follow_what_was_repaired() {
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
  void a_second_failure_before_all_is_repaired_loses_the_journal() {
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
  void a_failure_with_a_later_epoch_in_the_log_is_a_fence_and_not_a_reason_to_fight() {
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
  void a_repair_with_the_broker_away_is_given_up_after_a_while() {
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
  void an_unreachable_log_refuses_the_epoch_with_what_it_is() {
    log.away(true);
    EpochWriter writer = log.writer("a", false);
    step(writer);
    assertEquals(JournalException.Code.UNREACHABLE, code(writer.ready()));
  }

  @Test
  void time_never_runs_backwards_across_writers() {
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
  void nothing_is_appended_after_the_goodbye() {
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
  void closing_fails_what_is_in_flight_and_loses_nothing_else() {
    EpochWriter writer = log.ready("a");
    var done = writer.append(mark("m"));
    writer.close();
    assertEquals(JournalException.Code.CLOSED, code(done));
    assertFalse(writer.lost().isDone());
  }
}
