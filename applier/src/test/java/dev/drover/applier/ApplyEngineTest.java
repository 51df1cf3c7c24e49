package dev.drover.applier;

import static dev.drover.applier.EngineRig.CLUSTER;
import static dev.drover.applier.EngineRig.SIZE;
import static dev.drover.applier.Journals.snapshot;
import static dev.drover.applier.Journals.write;
import static dev.drover.applier.Journals.zero;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.qcow2.SnapshotInfo;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the engine does when nothing goes wrong. */
final class ApplyEngineTest {

  private final EngineRig rig = new EngineRig();

  @Test
  void aJournalIsAppliedToItsEndAndTheImageSettles() throws IOException {
    rig.append(write(0, 3 * CLUSTER, 1), new Intent.Flush(), write(100, 50, 2), zero(CLUSTER, 10));
    rig.start().run();
    rig.assertComplete("end");
    assertTrue(rig.image().slot().clean());
    assertFalse(EngineRig.durableState(rig.disk()).isBetweenPoints());
  }

  @Test
  void randomIntentsGiveTheModelsContent() throws IOException {
    for (long seed = 0; seed < 20; seed++) {
      EngineRig each = new EngineRig();
      each.journal.setMaxPollRecords(7);
      Workloads.random(new Random(seed), 120).forEach(each::append);
      each.start().run();
      each.assertComplete("seed " + seed);
    }
  }

  @Test
  void anEmptyJournalIsNothingToDo() throws IOException {
    rig.start().run();
    rig.assertComplete("only the epoch");
  }

  @Test
  void itStopsAtThePointAndGoesOnFromThere() throws IOException {
    rig.append(write(0, CLUSTER, 1), write(0, CLUSTER, 2), write(0, CLUSTER, 3));
    rig.until = 2;
    assertEquals(ApplyEngine.Outcome.REACHED, rig.start().run());
    rig.assertComplete("the point");
    rig.image().close();
    rig.until = Long.MAX_VALUE;
    rig.start().run();
    rig.assertComplete("the end");
  }

  @Test
  void aSnapshotIsTakenAtExactlyItsIntentAndCarriesItsPosition() throws IOException {
    rig.append(write(0, CLUSTER, 1), snapshot(5, "s"), write(0, CLUSTER, 2));
    rig.start().run();
    rig.assertComplete("end");
    var taken = rig.image().snapshots().getFirst();
    assertEquals("s", taken.name());
    SnapshotPosition position = SnapshotPosition.decode(taken.extra()).orElseThrow();
    assertEquals(Journals.VOLUME, position.volume());
    assertEquals(3, position.position().nextOffset());
  }

  @Test
  void aSecondSnapshotOfOneNameStopsNothing() throws IOException {
    rig.append(snapshot(5, "s"), write(0, CLUSTER, 1), snapshot(6, "s"), snapshot(6, "s"));
    rig.start().run();
    rig.assertComplete("end");
    assertEquals(
        List.of("s", "s"), rig.image().snapshots().stream().map(SnapshotInfo::name).toList());
  }

  @Test
  void voidRecordsMoveThePositionAndChangeNothing() throws IOException {
    rig.append(write(0, CLUSTER, 1));
    rig.journal.sink().append(write(SIZE - CLUSTER, CLUSTER, 2));
    rig.journal.appendVoid(write(0, CLUSTER, 9));
    rig.start().run();
    rig.assertComplete("end");
  }
}
