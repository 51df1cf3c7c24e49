package dev.drover.applier;

import static dev.drover.applier.EngineRig.CLUSTER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.MemoryCompensationLog.Trouble;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The power goes at every I/O, the process at every call: the next start ends the same. */
final class EngineCrashTest {

  /** What survives, per cut: -Ddrover.crash.samples=N looks closer. */
  private static final int SAMPLES = Integer.getInteger("drover.crash.samples", 2);

  static Survival survival(long cut, int sample) {
    return switch ((int) ((cut + sample) % 4)) {
      case 0 -> Survival.NOTHING;
      case 1 -> Survival.EVERYTHING;
      default -> Survival.random(new Random(cut * 1000 + sample));
    };
  }

  static void cutAtEveryIo(Supplier<EngineRig> story) throws IOException {
    boolean died = true;
    for (long n = 1; died; n++) {
      for (int sample = 0; sample < SAMPLES; sample++) {
        EngineRig rig = story.get();
        died = !rig.dieAt(n).startAndRun();
        String what = "cut before I/O " + n + ", sample " + sample;
        rig.powerCut(survival(n, sample));
        EngineVerdict.afterCut(rig, what);
        endsTheSame(rig, what);
      }
    }
  }

  /** The next start, whatever was left, ends where the journal does. */
  static void endsTheSame(EngineRig rig, String what) throws IOException {
    try {
      assertTrue(rig.startAndRun(), what);
    } catch (IOException | RuntimeException e) {
      throw new InvariantViolation("I-53", what + ": cannot be recovered", e);
    }
    rig.assertComplete(what);
  }

  @Test
  void thePowerMayGoBeforeAnyIo() throws IOException {
    cutAtEveryIo(Workloads::story);
  }

  @Test
  void thePowerMayGoAroundASnapshot() throws IOException {
    cutAtEveryIo(Workloads::snapshotStory);
  }

  @Test
  void thePowerMayGoAroundDeleteRevertAndResize() throws IOException {
    cutAtEveryIo(Workloads::structureStory);
  }

  @Test
  void itMayGoAgainAtAnyIoOfTheRecovery() throws IOException {
    for (long first = 20; first <= 60; first += 10) {
      boolean died = true;
      for (long second = 1; died; second++) {
        EngineRig rig = Workloads.story();
        assertFalse(rig.dieAt(first).startAndRun());
        rig.powerCut(Survival.random(new Random(first)));
        died = !rig.dieAt(second).startAndRun();
        String what = "cut before I/O " + first + ", then " + second;
        rig.powerCut(Survival.random(new Random(second)));
        rig.assertPromiseHeld(what);
        endsTheSame(rig, what);
      }
    }
  }

  @Test
  void anIoMayFailAndThenThePowerGoesAtALaterOne() throws IOException {
    failThenCut(Workloads::story, 7, 5);
  }

  /** Every {@code step}-th I/O fails, and the power goes at every {@code gap}-th after it. */
  static void failThenCut(Supplier<EngineRig> story, int step, int gap) throws IOException {
    boolean failed = true;
    for (long n = 5; failed; n += step) {
      boolean died = true;
      for (long later = 1; died; later += gap) {
        EngineRig rig = story.get();
        rig.file().failAt(n, Failure.EIO);
        died = !rig.dieAt(n + later).startAndRun();
        failed = rig.file().failures() > 0;
        String what = "I/O " + n + " failed, cut " + later + " later";
        rig.powerCut(survival(n, (int) later));
        EngineVerdict.afterCut(rig, what);
        endsTheSame(rig, what);
      }
    }
  }

  /** The next process reads what the killed one wrote and never synced. */
  @Test
  void theProcessIsKilledAndThePowerGoesDuringTheNext() throws IOException {
    killThenCut(Workloads::story, 1, 40);
  }

  static void killThenCut(Supplier<EngineRig> story, int step, int gap) throws IOException {
    boolean killed = true;
    for (long n = 1; killed; n += step) {
      boolean died = true;
      for (long later = 1 + n % gap; died; later += gap) {
        EngineRig rig = story.get();
        killed = !rig.dieAt(n).startAndRun();
        rig.restart();
        died = !rig.dieAt(later).startAndRun();
        String what = "killed before I/O " + n + ", cut " + later + " later";
        rig.powerCut(survival(n, (int) later));
        EngineVerdict.afterCut(rig, what);
        endsTheSame(rig, what);
      }
    }
  }

  @Test
  void anyCallOfTheLogMayBeTheLastThingThatTheProcessDid() throws IOException {
    for (Trouble how : List.of(Trouble.DIES_BEFORE, Trouble.DIES_AFTER)) {
      for (int call = 1; call <= 10; call++) {
        for (int sample = 0; sample < SAMPLES; sample++) {
          EngineRig rig = Workloads.story();
          rig.log.trouble(call, how);
          rig.file().failNext(io -> io.kind() == Kind.WRITE && io.length() > CLUSTER, Failure.EIO);
          rig.startAndRun();
          rig.powerCut(survival(call, sample));
          rig.log.heal();
          String what = how + " call " + call + ", sample " + sample;
          endsTheSame(rig, what);
        }
      }
    }
  }

  @Test
  void aCallMayFailAndThenThePowerGoesAtAnyIoOfTheRetry() throws IOException {
    for (Trouble how : List.of(Trouble.FAILS_BEFORE, Trouble.FAILS_AFTER)) {
      boolean died = true;
      for (long n = 10; died; n++) {
        EngineRig rig = Workloads.story();
        rig.log.trouble(2, how);
        rig.file().failNext(io -> io.kind() == Kind.WRITE && io.length() > CLUSTER, Failure.EIO);
        died = !rig.dieAt(n).startAndRun();
        rig.powerCut(Survival.random(new Random(n)));
        String what = how + ", cut before I/O " + n;
        endsTheSame(rig, what);
      }
    }
  }

  @Test
  void aCompensationOfTheLogChangesNoByteWhoeverItIsOf() throws IOException {
    EngineRig rig = Workloads.story();
    rig.file().failNext(io -> io.kind() == Kind.WRITE && io.length() > CLUSTER, Failure.EIO);
    assertTrue(rig.startAndRun());
    List<Compensation> published = rig.log.all();
    assertFalse(published.isEmpty());
    MemoryBlockFile before = rig.disk().crash(Survival.EVERYTHING);

    // As if it had been published and never marked done, by this image and by another one.
    for (Compensation done : published) {
      rig.log.put(reopened(done));
      rig.log.put(CompensationTest.of(done.generation(), CompensationTest.extent(5, 3)));
    }
    rig.replaceDisk(before.copy());
    assertTrue(rig.startAndRun());
    EngineVerdict.hold(
        "I-30", before.sameContent(rig.disk().crash(Survival.EVERYTHING)), "a record was obeyed");
    for (Compensation now : rig.log.all()) {
      boolean own = now.incarnation().equals(EngineRig.INCARNATION);
      assertEquals(own ? Compensation.State.DONE : Compensation.State.OPEN, now.state());
    }
  }

  private static Compensation reopened(Compensation done) {
    return new Compensation(
        done.incarnation(),
        done.generation(),
        done.replica(),
        done.position(),
        done.clusterBytes(),
        done.clusters(),
        done.cause(),
        Compensation.State.OPEN,
        done.time());
  }

  @Test
  void recoveryTwiceIsRecoveryOnce() throws IOException {
    EngineRig rig = Workloads.story();
    assertFalse(rig.dieAt(50).startAndRun());
    rig.powerCut(Survival.EVERYTHING);
    assertTrue(rig.startAndRun());
    MemoryBlockFile once = rig.disk().crash(Survival.EVERYTHING);
    rig.replaceDisk(once.copy());
    assertTrue(rig.startAndRun());
    EngineVerdict.hold(
        "I-52", once.sameContent(rig.disk().crash(Survival.EVERYTHING)), "recovered twice");
  }

  @Test
  void aCutJournalBetweenThePositionAndMinRecoveryIsFoundOut() throws IOException {
    EngineRig rig = leftBetweenPoints();
    ReplicaState state = EngineRig.durableState(rig.disk());
    rig.journal.truncate(state.applied().nextOffset());
    rig.journal.sink().append(Journals.write(0, 10, 9));
    for (int i = 0; i < 10; i++) {
      rig.journal.sink().append(Journals.write(0, 10, i));
    }
    rig.start();
    EngineVerdict.hold(
        "I-33", rig.run() == ApplyEngine.Outcome.FAILED, "a journal that was cut is followed");
    assertEquals("TRUNCATED", rig.engine().fault().orElseThrow().code());
  }

  private static EngineRig leftBetweenPoints() throws IOException {
    for (long n = 1; ; n++) {
      EngineRig rig = Workloads.story();
      assertFalse(rig.dieAt(n).startAndRun(), "the story never is between two points");
      rig.powerCut(Survival.EVERYTHING);
      ReplicaState state = EngineRig.durableState(rig.disk());
      if (state.isBetweenPoints() && state.applied().nextOffset() > 1) {
        return rig;
      }
    }
  }
}
