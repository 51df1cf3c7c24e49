package dev.drover.applier;

import static dev.drover.applier.EngineRig.CLUSTER;
import static dev.drover.applier.Journals.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.MemoryCompensationLog.Trouble;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** I-36, I-1: whatever fails once, nothing is skipped, leaked or corrupted. */
final class EngineFaultTest {

  private static EngineRig story() {
    return Workloads.story();
  }

  private static long iosOfTheStory() throws IOException {
    return ios(Workloads::story);
  }

  private static long ios(Supplier<EngineRig> story) throws IOException {
    EngineRig rig = story.get().start();
    rig.run();
    long ios = rig.file().ios();
    rig.assertComplete("without a failure");
    return ios;
  }

  @Test
  void anyIoMayFailOnceInAnyWay() throws IOException {
    long ios = iosOfTheStory();
    assertTrue(ios > 40, "a story of " + ios + " I/Os");
    for (Failure how : Failure.values()) {
      failEveryIo(Workloads::story, how);
    }
  }

  static void failEveryIo(Supplier<EngineRig> story, Failure how) throws IOException {
    long ios = ios(story);
    for (long n = 1; n <= ios; n++) {
      EngineRig rig = story.get();
      rig.file().failAt(n, how);
      startFailing(rig);
      rig.run();
      rig.assertComplete(how + " of I/O " + n);
    }
  }

  /** Opening reads; a failure there is the opener's to report, and opening again is right. */
  private static void startFailing(EngineRig rig) throws IOException {
    try {
      rig.start();
    } catch (IOException e) {
      rig.start();
    }
  }

  @Test
  void anyIoMayFailOnceAroundSnapshotsAndResizes() throws IOException {
    boolean failed = true;
    for (long n = 1; failed; n++) {
      EngineRig rig = Workloads.structureStory();
      Failure how = Failure.values()[(int) (n % Failure.values().length)];
      rig.file().failAt(n, how);
      startFailing(rig);
      rig.run();
      failed = rig.file().failures() > 0;
      rig.assertComplete(how + " of I/O " + n);
    }
  }

  @Test
  void anyTwoIosMayFailInARow() throws IOException {
    long ios = iosOfTheStory();
    for (long n = 1; n <= ios; n++) {
      for (long gap = 1; gap <= 3; gap += 2) {
        EngineRig rig = story().start();
        rig.file().failAt(n, Failure.EIO).failAt(n + gap, Failure.SHORT_WRITE_ENOSPC);
        rig.run();
        rig.assertComplete("I/O " + n + " and " + (n + gap));
      }
    }
  }

  @Test
  void anyCallOfTheLogMayFailWhileACompensationIsUnderWay() throws IOException {
    for (Trouble how : List.of(Trouble.FAILS_BEFORE, Trouble.FAILS_AFTER)) {
      for (int call = 1; call <= 8; call++) {
        EngineRig rig = story().start();
        rig.log.trouble(call, how);
        rig.file().failNext(io -> io.kind() == Kind.WRITE && io.length() > CLUSTER, Failure.EIO);
        rig.run();
        rig.assertComplete(how + " of call " + call);
        assertFalse(rig.log.all().isEmpty(), "no compensation was needed");
      }
    }
  }

  @Test
  void aFailedSyncIsMadeUpForBeforeALogIsWaitedForThatMayBeAwayUntilTheProcessEnds()
      throws IOException {
    long ios = iosOfTheStory();
    for (long n = 1; n <= ios; n++) {
      EngineRig rig = story().start();
      rig.runUntilStarted();
      rig.log.setAway(true);
      long nth = rig.file().ios() + n;
      rig.file().failNext(io -> io.kind() == Kind.SYNC && rig.file().ios() >= nth, Failure.EIO);
      for (int step = 0; step < 50 && rig.engine().fault().isEmpty(); step++) {
        rig.step();
      }
      // Killed, and nobody could be told that a sync had failed; what it wrote stays readable.
      rig.log.setAway(false);
      rig.file().heal();
      rig.start();
      rig.run();
      rig.assertComplete("after a sync failed from I/O " + n);
      rig.powerCut(CrashingBlockFile.Survival.NOTHING);
      rig.start();
      rig.run();
      rig.assertComplete("after a sync failed from I/O " + n + " and a power cut");
    }
  }

  @Test
  void aFullDiskIsFaultedWithZeroLeaksAndGoesOnByItselfWhenThereIsSpace() throws IOException {
    EngineRig rig = story().start();
    long full = 20L * CLUSTER;
    rig.file().failEvery(io -> isBeyond(io, full), Failure.ENOSPC);
    rig.runUntilFaulted();
    Fault fault = rig.engine().fault().orElseThrow();
    assertEquals("NO_SPACE", fault.code());
    assertTrue(fault.retriable());
    rig.assertNoTrouble("in FAULTED");
    assertEquals(List.of(), rig.image().unlinked());
    long stuck = rig.engine().durableApplied().nextOffset();
    assertTrue(stuck < rig.journal.end());
    assertTrue(rig.log.groupOffset() <= stuck);

    rig.time.advance(Duration.ofMinutes(1));
    rig.step();
    rig.file().heal();
    rig.run();
    rig.assertComplete("after there was space");
    assertTrue(rig.engine().fault().isEmpty());
    assertFalse(rig.log.all().isEmpty());
  }

  private static boolean isBeyond(Io io, long bytes) {
    return (io.kind() == Kind.WRITE && io.offset() + io.length() > bytes)
        || (io.kind() == Kind.SET_LENGTH && io.offset() > bytes);
  }

  @Test
  void failFastEndsAtTheFirstFaultAndLeavesNoLeak() throws IOException {
    EngineRig rig = story();
    rig.failFast = true;
    rig.start();
    rig.file().failEvery(io -> isBeyond(io, 20L * CLUSTER), Failure.ENOSPC);
    assertEquals(ApplyEngine.Outcome.FAILED, rig.run());
    rig.assertNoTrouble("after failing fast");
    assertEquals("NO_SPACE", rig.engine().fault().orElseThrow().code());
  }

  @Test
  void brokersThatAreAwayMakeItWaitAndLeaveTheImageSettled() throws IOException {
    EngineRig rig = story().start();
    rig.run();
    rig.append(write(0, 100, 9));
    rig.journal.setAway(true);
    rig.runUntilFaulted();
    assertEquals("UNREACHABLE", rig.engine().fault().orElseThrow().code());
    rig.assertNoTrouble("while the brokers are away");
    rig.journal.setAway(false);
    rig.run();
    rig.assertComplete("when they are back");
    assertEquals(List.of(), rig.log.all(), "no compensation: the image had no part in it");
  }

  @Test
  void aLogThatIsAwayInTheMiddleOfACompensationIsWaitedForAndNothingIsFreed() throws IOException {
    EngineRig rig = story().start().runUntilStarted();
    rig.log.setAway(true);
    rig.file().failEvery(io -> isBeyond(io, 20L * CLUSTER), Failure.ENOSPC);
    rig.runUntilFaulted();
    Fault fault = rig.engine().fault().orElseThrow();
    assertEquals("LOG_UNAVAILABLE", fault.code());
    assertTrue(fault.reason().startsWith("injected: publish "), fault.reason());
    assertTrue(
        fault.reason().endsWith("; cleaning up after: replica.qcow2: no space left on device"),
        fault.reason());
    assertFalse(rig.image().unlinked().isEmpty(), "given back before it was published");
    rig.log.setAway(false);
    rig.file().heal();
    rig.run();
    rig.assertComplete("when it is back");
    assertFalse(rig.log.all().isEmpty());
  }

  @Test
  void damageInTheJournalStopsBeforeItWithASettledImage() throws IOException {
    EngineRig rig = story();
    rig.journal.damage(5);
    rig.start();
    assertEquals(ApplyEngine.Outcome.FAILED, rig.run());
    assertEquals("DAMAGED_RECORD", rig.engine().fault().orElseThrow().code());
    assertEquals(5, rig.engine().durableApplied().nextOffset());
    rig.assertNoTrouble("stopped");
    assertTrue(rig.image().slot().clean());
  }

  @Test
  void anIntentBeyondTheDiskIsFaultedAndNotSkipped() throws IOException {
    EngineRig rig = new EngineRig();
    rig.append(write(0, 10, 1), write(EngineRig.SIZE - 5, 10, 2), write(0, 10, 3)).start();
    assertEquals(ApplyEngine.Outcome.FAILED, rig.run());
    assertEquals("INCONSISTENT", rig.engine().fault().orElseThrow().code());
    assertTrue(rig.engine().durableApplied().nextOffset() <= 2);
    rig.assertNoTrouble("stopped");
  }

  @Test
  void randomFailuresNeverChangeTheEnd() throws IOException {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      EngineRig rig = new EngineRig();
      Workloads.random(random, 60).forEach(rig::append);
      rig.start();
      Failure[] ways = Failure.values();
      for (int i = 0; i < 12; i++) {
        rig.file().failAt(1 + random.nextInt(400), ways[random.nextInt(ways.length)]);
      }
      rig.run();
      rig.assertComplete("seed " + seed);
    }
  }
}
