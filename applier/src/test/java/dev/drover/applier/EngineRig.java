package dev.drover.applier;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.MemoryJournal;
import dev.drover.journal.MemorySink;
import dev.drover.journal.Position;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.PassDiscard;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.replica.ReplicaImage;
import dev.drover.qcow2.replica.ReplicaOptions;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.UUID;

/**
 * An engine on a disk that fails and forgets, a journal in memory, a stand-in for Kafka's side and
 * a clock of its own; with the invariants that are watched at every call and at the end.
 */
final class EngineRig {

  static final int CLUSTER = 4096;
  static final long SIZE = (2L << 20) + (256 << 10); // two L2 tables
  static final UUID INCARNATION = new UUID(11, 22);
  private static final ReplicaOptions IMAGE =
      new ReplicaOptions(16 * CLUSTER, 1 << 20, 1 << 20, PassDiscard.ALL);

  final ManualTime time = new ManualTime();
  final MemoryJournal journal;
  final MemoryCompensationLog log;
  MemorySink sink;
  BatchLimits limits = new BatchLimits(64 << 10, 16, 16, 256 << 10);
  long until = Long.MAX_VALUE;
  boolean failFast;

  private final LogWatch watch = new LogWatch(this);
  private CrashingBlockFile disk = new CrashingBlockFile("replica.qcow2");
  private FailingBlockFile file = new FailingBlockFile(disk);
  private ReplicaImage image;
  private ApplyEngine engine;

  EngineRig() {
    journal = new MemoryJournal(Journals.VOLUME, time);
    log = new MemoryCompensationLog();
    try {
      sink = journal.sink();
      ReplicaState state =
          new ReplicaState(
              Journals.VOLUME,
              INCARNATION,
              "r",
              new ReplicaState.Owner(new UUID(1, 1), 1, 1),
              journal.identity(),
              Position.START,
              Position.START);
      ReplicaImage.create(disk, SIZE, CLUSTER, state.encode()).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    log.watch(watch);
  }

  /** One of several ends of another rig: its journal, Kafka's side as it is, and this disk. */
  EngineRig(EngineRig other, MemoryBlockFile left) {
    journal = other.journal;
    log = other.log.copy();
    log.watch(watch);
    sink = other.sink;
    limits = other.limits;
    until = other.until;
    replaceDisk(left);
  }

  FailingBlockFile file() {
    return file;
  }

  CrashingBlockFile disk() {
    return disk;
  }

  ReplicaImage image() {
    return image;
  }

  ApplyEngine engine() {
    return engine;
  }

  EngineRig append(Intent... intents) {
    for (Intent intent : intents) {
      sink.append(intent);
    }
    return this;
  }

  /** Starts a process on the disk as it is. */
  EngineRig start() throws IOException {
    image = ReplicaImage.open(file, IMAGE);
    ReplicaState state = ReplicaState.decode(image.slot().payload());
    IntentSource source = journal.source();
    source.seek(state.applied());
    engine =
        new ApplyEngine(
            new ApplyEngine.Settings(
                file.name(), until, failFast, false, false, limits, Duration.ZERO),
            image,
            state,
            source,
            log.connect(),
            time);
    return this;
  }

  /** The process is gone, the machine is not. */
  void restart() {
    image = null;
    engine = null;
    file = new FailingBlockFile(disk);
  }

  /** Another writer begins; the one before leaves a late record behind. */
  void takeOver() {
    try {
      sink = journal.sink();
      journal.appendVoid(Journals.write(0, 512, 99));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The power goes; what survives is for {@code survival} to say. */
  void powerCut(CrashingBlockFile.Survival survival) {
    replaceDisk(disk.crash(survival));
  }

  void replaceDisk(MemoryBlockFile content) {
    disk = CrashingBlockFile.of(content);
    file = new FailingBlockFile(disk);
    image = null;
    engine = null;
  }

  /** One step, watched. */
  ApplyEngine.Outcome step() {
    boolean before = isPastGate();
    watch.stepping();
    ApplyEngine.Outcome outcome = engine.step();
    if (!before && isPastGate()) {
      try {
        EngineVerdict.atAPoint(this, "at the gate");
      } catch (IOException e) {
        // an injected failure: the image cannot be read now
      }
    }
    return outcome;
  }

  private boolean isPastGate() {
    return !engine.isRecovering() && engine.visibleOffset() >= engine.gateOffset();
  }

  /** Steps until there is nothing left to do, or it has ended. */
  ApplyEngine.Outcome run() {
    int idle = 0;
    for (int steps = 0; steps < 20_000; steps++) {
      ApplyEngine.Outcome outcome = step();
      switch (outcome) {
        case PROGRESSED -> idle = 0;
        case IDLE -> {
          if (++idle == 3) {
            return outcome;
          }
          time.advance(Duration.ofSeconds(4)); // long enough to settle
        }
        case WAITING -> time.advance(Duration.ofNanos(engine.waitNanos()));
        case REACHED, FAILED -> {
          return outcome;
        }
      }
    }
    throw new InvariantViolation("I-55", "no end in sight: " + engine.fault());
  }

  /** Steps until the start is behind it. */
  EngineRig runUntilStarted() {
    while (engine.isRecovering()) {
      step();
    }
    return this;
  }

  /** Steps while the log has nothing to say, until FAULTED shows. */
  void runUntilFaulted() {
    for (int steps = 0; steps < 1000 && engine.fault().isEmpty(); steps++) {
      step();
    }
    assertTrue(engine.fault().isPresent(), "never FAULTED");
  }

  /** The process is gone before the {@code n}-th I/O from now on. */
  EngineRig dieAt(long n) {
    long[] left = {n};
    file.failNext(
        io -> {
          if (--left[0] == 0) {
            throw new MemoryCompensationLog.ProcessDied();
          }
          return false;
        },
        FailingBlockFile.Failure.EIO);
    return this;
  }

  /** Starts and runs; false: it died on the way. */
  boolean startAndRun() throws IOException {
    try {
      start();
      run();
      return true;
    } catch (MemoryCompensationLog.ProcessDied e) {
      return false;
    }
  }

  /** What a guest must see when everything below {@code offset} is applied. */
  byte[] model(long offset) {
    return JournalModel.guest(JournalModel.entries(journal), offset, SIZE);
  }

  byte[] content() throws IOException {
    return EngineVerdict.content(image);
  }

  /** I-31, I-32. */
  void assertPromiseHeld(String what) throws IOException {
    EngineVerdict.promiseHeld(this, what);
  }

  /** Everything applied, counted, settled: content, refcounts, position and group offset agree. */
  void assertComplete(String what) throws IOException {
    file.heal();
    EngineVerdict.complete(this, what);
  }

  /** No leak, no corruption. */
  void assertNoTrouble(String what) throws IOException {
    try {
      ImageJudge.exact(disk);
    } catch (InvariantViolation e) {
      throw new InvariantViolation(e.invariant(), what, e);
    }
  }

  /** What the newest slot says that a power cut now could not take away. */
  static ReplicaState durableState(CrashingBlockFile disk) {
    MemoryBlockFile durable = disk.crash(CrashingBlockFile.Survival.NOTHING);
    try {
      PositionSlots slots = PositionSlots.read(Header.read(durable), "durable");
      return ReplicaState.decode(slots.newest().orElseThrow().payload());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
