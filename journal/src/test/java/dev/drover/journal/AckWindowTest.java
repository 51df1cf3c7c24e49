package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.AckWindow.Fenced;
import dev.drover.journal.AckWindow.GiveUp;
import dev.drover.journal.AckWindow.Idle;
import dev.drover.journal.AckWindow.Look;
import dev.drover.journal.AckWindow.Ruined;
import dev.drover.journal.AckWindow.Search;
import dev.drover.journal.AckWindow.Settled;
import dev.drover.journal.LogView.Seen;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AckWindowTest {
  private static final long UNTOLD = WriterLog.Receipt.UNTOLD;

  private final AckWindow window = new AckWindow(100);

  private static Seen record(long offset, long epoch, long sequence) {
    return new Seen(
        offset,
        new JournalRecord(SimulatedLog.VOLUME, epoch, sequence, -1, 1, 0, new Intent.Flush()));
  }

  private static Seen epoch(long offset) {
    var opened = new Intent.Epoch(Intent.Epoch.NO_IMAGE, "thief", Intent.Epoch.NO_IMAGE, "");
    return new Seen(offset, JournalRecord.epoch(SimulatedLog.VOLUME, 1, 0, opened));
  }

  @Test
  void contiguous_offsets_settle_without_a_look() {
    window.acknowledged(0, 101);
    window.acknowledged(1, 102);
    assertEquals(new Settled(0, 101), window.next());
    assertEquals(new Settled(1, 102), window.next());
    assertInstanceOf(Idle.class, window.next());
    assertEquals(103, window.nextOffset());
  }

  @Test
  void a_gap_asks_for_a_look_until_it_was_made() {
    window.acknowledged(0, 103);
    assertEquals(new Look(101, 103), window.next());
    assertEquals(new Look(101, 103), window.next());
    window.looked(new Look(101, 103), List.of(record(101, 50, 7), record(102, 90, 0)));
    assertEquals(new Settled(0, 103), window.next());
  }

  @Test
  void a_later_epoch_in_the_gap_fences() {
    window.acknowledged(0, 102);
    window.looked(new Look(101, 102), List.of(epoch(101)));
    assertEquals(101, assertInstanceOf(Fenced.class, window.next()).byEpoch());
  }

  @Test
  void a_record_of_a_later_epoch_in_the_gap_fences_too() {
    window.acknowledged(0, 102);
    window.looked(new Look(101, 102), List.of(record(101, 101, 0)));
    assertInstanceOf(Fenced.class, window.next());
  }

  @Test
  void a_hole_in_the_gap_ruins() {
    window.acknowledged(0, 103);
    window.looked(new Look(101, 103), List.of(record(102, 50, 0)));
    var ruined = assertInstanceOf(Ruined.class, window.next());
    assertEquals(JournalException.Code.OFFSET_HOLE, ruined.why().code());
    assertEquals(101, ruined.why().offset());
  }

  @Test
  void the_epochs_own_record_where_it_can_not_be_ends_the_epoch() {
    window.acknowledged(0, 102);
    window.looked(new Look(101, 102), List.of(record(101, 100, 0)));
    assertInstanceOf(GiveUp.class, window.next());
  }

  @Test
  void an_acknowledgement_out_of_order_ends_the_epoch() {
    window.acknowledged(1, 101);
    assertInstanceOf(GiveUp.class, window.next());
  }

  @Test
  void an_offset_below_what_was_reached_ruins() {
    window.acknowledged(0, 101);
    window.next();
    window.acknowledged(1, 101);
    var ruined = assertInstanceOf(Ruined.class, window.next());
    assertEquals(JournalException.Code.TRUNCATED, ruined.why().code());
  }

  @Test
  void an_untold_offset_is_searched_for_and_its_gap_looked_at() {
    window.acknowledged(0, UNTOLD);
    var search = assertInstanceOf(Search.class, window.next());
    assertFalse(window.searched(search, List.of(record(101, 50, 0))), "not there yet");
    assertTrue(window.searched(search, List.of(record(101, 50, 0), record(102, 100, 0))));
    assertEquals(new Look(101, 102), window.next());
  }

  @Test
  void a_search_that_meets_a_later_epoch_is_over() {
    window.acknowledged(0, UNTOLD);
    var search = assertInstanceOf(Search.class, window.next());
    assertTrue(window.searched(search, List.of(epoch(101), record(102, 100, 0))));
    assertInstanceOf(Fenced.class, window.next());
  }

  @Test
  void a_watch_stops_at_the_epochs_own_records() {
    assertNull(window.watched(103, List.of(record(101, 50, 0), record(102, 100, 0))));
    assertEquals(102, window.nextOffset());
    window.acknowledged(0, 102);
    assertEquals(new Settled(0, 102), window.next());
  }

  @Test
  void what_landed_settles_up_to_the_first_missing_one() {
    window.acknowledged(0, 101);
    window.next();
    List<Settled> settled = new ArrayList<>();
    var seen =
        List.of(record(102, 100, 1), record(103, 50, 9), record(104, 100, 2), record(105, 100, 4));
    assertNull(window.landed(106, seen, settled));
    assertEquals(List.of(new Settled(1, 102), new Settled(2, 104)), settled);
  }

  @Test
  void nothing_has_landed_when_another_took_an_epoch_in_between() {
    List<Settled> settled = new ArrayList<>();
    var verdict = window.landed(103, List.of(epoch(101), record(102, 100, 0)), settled);
    assertInstanceOf(Fenced.class, verdict);
    assertTrue(settled.isEmpty());
  }
}
