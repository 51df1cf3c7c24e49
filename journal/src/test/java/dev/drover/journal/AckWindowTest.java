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
  void contiguousOffsetsSettleWithoutALook() {
    window.acknowledged(0, 101);
    window.acknowledged(1, 102);
    assertEquals(new Settled(0, 101), window.next());
    assertEquals(new Settled(1, 102), window.next());
    assertInstanceOf(Idle.class, window.next());
    assertEquals(103, window.nextOffset());
  }

  @Test
  void aGapAsksForALookUntilItWasMade() {
    window.acknowledged(0, 103);
    assertEquals(new Look(101, 103), window.next());
    assertEquals(new Look(101, 103), window.next());
    window.looked(new Look(101, 103), List.of(record(101, 50, 7), record(102, 90, 0)));
    assertEquals(new Settled(0, 103), window.next());
  }

  @Test
  void aLaterEpochInTheGapFences() {
    window.acknowledged(0, 102);
    window.looked(new Look(101, 102), List.of(epoch(101)));
    assertEquals(101, assertInstanceOf(Fenced.class, window.next()).byEpoch());
  }

  @Test
  void aRecordOfALaterEpochInTheGapFencesToo() {
    window.acknowledged(0, 102);
    window.looked(new Look(101, 102), List.of(record(101, 101, 0)));
    assertInstanceOf(Fenced.class, window.next());
  }

  @Test
  void aHoleInTheGapRuins() {
    window.acknowledged(0, 103);
    window.looked(new Look(101, 103), List.of(record(102, 50, 0)));
    var ruined = assertInstanceOf(Ruined.class, window.next());
    assertEquals(JournalException.Code.OFFSET_HOLE, ruined.why().code());
    assertEquals(101, ruined.why().offset());
  }

  @Test
  void theEpochsOwnRecordWhereItCanNotBeEndsTheEpoch() {
    window.acknowledged(0, 102);
    window.looked(new Look(101, 102), List.of(record(101, 100, 0)));
    assertInstanceOf(GiveUp.class, window.next());
  }

  @Test
  void anAcknowledgementOutOfOrderEndsTheEpoch() {
    window.acknowledged(1, 101);
    assertInstanceOf(GiveUp.class, window.next());
  }

  @Test
  void anOffsetBelowWhatWasReachedRuins() {
    window.acknowledged(0, 101);
    window.next();
    window.acknowledged(1, 101);
    var ruined = assertInstanceOf(Ruined.class, window.next());
    assertEquals(JournalException.Code.TRUNCATED, ruined.why().code());
  }

  @Test
  void anUntoldOffsetIsSearchedForAndItsGapLookedAt() {
    window.acknowledged(0, UNTOLD);
    var search = assertInstanceOf(Search.class, window.next());
    assertFalse(window.searched(search, List.of(record(101, 50, 0))), "not there yet");
    assertTrue(window.searched(search, List.of(record(101, 50, 0), record(102, 100, 0))));
    assertEquals(new Look(101, 102), window.next());
  }

  @Test
  void aSearchThatMeetsALaterEpochIsOver() {
    window.acknowledged(0, UNTOLD);
    var search = assertInstanceOf(Search.class, window.next());
    assertTrue(window.searched(search, List.of(epoch(101), record(102, 100, 0))));
    assertInstanceOf(Fenced.class, window.next());
  }

  @Test
  void aWatchStopsAtTheEpochsOwnRecords() {
    assertNull(window.watched(103, List.of(record(101, 50, 0), record(102, 100, 0))));
    assertEquals(102, window.nextOffset());
    window.acknowledged(0, 102);
    assertEquals(new Settled(0, 102), window.next());
  }

  @Test
  void whatLandedSettlesUpToTheFirstMissingOne() {
    window.acknowledged(0, 101);
    window.next();
    List<Settled> settled = new ArrayList<>();
    var seen =
        List.of(record(102, 100, 1), record(103, 50, 9), record(104, 100, 2), record(105, 100, 4));
    assertNull(window.landed(106, seen, settled));
    assertEquals(List.of(new Settled(1, 102), new Settled(2, 104)), settled);
  }

  @Test
  void nothingHasLandedWhenAnotherTookAnEpochInBetween() {
    List<Settled> settled = new ArrayList<>();
    var verdict = window.landed(103, List.of(epoch(101), record(102, 100, 0)), settled);
    assertInstanceOf(Fenced.class, verdict);
    assertTrue(settled.isEmpty());
  }
}
