package dev.drover.applier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.MemoryJournal;
import dev.drover.journal.MemorySink;
import dev.drover.journal.Position;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageWalk;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.replica.ReplicaImage;
import dev.drover.qcow2.replica.ReplicaOptions;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
      new ReplicaOptions(16 * CLUSTER, 1 << 20, 1 << 20, true);

  final ManualTime time = new ManualTime();
  final MemoryJournal journal = new MemoryJournal(Journals.VOLUME, time);
  final MemoryCompensationLog log = new MemoryCompensationLog();
  MemorySink sink;
  BatchLimits limits = new BatchLimits(64 << 10, 16, 16, 256 << 10);
  long until = Long.MAX_VALUE;
  boolean failFast;

  private CrashingBlockFile disk = new CrashingBlockFile("replica.qcow2");
  private FailingBlockFile file = new FailingBlockFile(disk);
  private ReplicaImage image;
  private ApplyEngine engine;

  EngineRig() {
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
    log.watch(new Invariants());
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
  void takeOver() throws IOException {
    sink = journal.sink();
    journal.appendVoid(Journals.write(0, 512, 99));
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

  /** Steps until there is nothing left to do, or it has ended. */
  ApplyEngine.Outcome run() {
    int idle = 0;
    for (int steps = 0; steps < 20_000; steps++) {
      ApplyEngine.Outcome outcome = engine.step();
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
    return fail("no end in sight: " + engine.fault());
  }

  /** Steps until the start is behind it. */
  EngineRig runUntilStarted() {
    while (engine.isRecovering()) {
      engine.step();
    }
    return this;
  }

  /** Steps while the log has nothing to say, until FAULTED shows. */
  void runUntilFaulted() {
    for (int steps = 0; steps < 1000 && engine.fault().isEmpty(); steps++) {
      engine.step();
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

  /** I-31: beyond applied, only intents below minRecovery have left anything in the image. */
  void assertPromiseHeld(String what) throws IOException {
    try (ReplicaImage left = ReplicaImage.open(disk, IMAGE)) {
      ReplicaState state = ReplicaState.decode(left.slot().payload());
      if (standsAlone(state)) {
        return; // a revert or resize that may be there or not changes any byte
      }
      ByteBuffer guest = ByteBuffer.allocate((int) left.virtualSizeBytes());
      left.read(GuestOffset.ZERO, guest);
      byte[] expected = model(state.applied().nextOffset());
      for (JournalEntry entry : entries()) {
        boolean promised =
            entry.offset() >= state.applied().nextOffset()
                && entry.offset() < state.minRecovery().nextOffset();
        if (promised && entry.valid()) {
          takeAsIs(entry.record().intent(), guest.array(), expected);
        }
      }
      assertEquals(-1, Arrays.mismatch(expected, guest.array()), what + ": I-31, differs at");
    }
  }

  private boolean standsAlone(ReplicaState state) {
    return entries().stream()
        .filter(entry -> entry.offset() >= state.applied().nextOffset())
        .filter(entry -> entry.offset() < state.minRecovery().nextOffset())
        .map(entry -> entry.record().intent())
        .anyMatch(
            intent -> intent instanceof Intent.SnapshotRevert || intent instanceof Intent.Resize);
  }

  private static void takeAsIs(Intent intent, byte[] from, byte[] to) {
    if (intent instanceof Intent.Write write) {
      int at = (int) write.guestOffset();
      System.arraycopy(from, at, to, at, write.length());
    } else if (intent instanceof Intent.Zero zero) {
      int at = (int) zero.guestOffset();
      System.arraycopy(from, at, to, at, (int) zero.length());
    }
  }

  /** What a guest must see when everything below {@code offset} is applied. */
  byte[] model(long offset) {
    byte[] guest = new byte[(int) SIZE];
    Map<UUID, byte[]> snapshots = new HashMap<>();
    for (JournalEntry entry : entries()) {
      if (entry.offset() < offset && entry.valid()) {
        guest = apply(entry.record().intent(), guest, snapshots);
      }
    }
    return guest;
  }

  private List<JournalEntry> entries() {
    List<JournalEntry> all = new ArrayList<>();
    try (IntentSource source = journal.source()) {
      source.seek(Position.START);
      for (List<JournalEntry> next = source.poll(Duration.ZERO);
          !next.isEmpty();
          next = source.poll(Duration.ZERO)) {
        all.addAll(next);
      }
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] apply(Intent intent, byte[] guest, Map<UUID, byte[]> snapshots) {
    switch (intent) {
      case Intent.Write write -> write.data().get(guest, (int) write.guestOffset(), write.length());
      case Intent.Zero zero -> {
        int from = (int) zero.guestOffset();
        Arrays.fill(guest, from, from + (int) zero.length(), (byte) 0);
      }
      case Intent.SnapshotCreate create -> snapshots.putIfAbsent(create.id(), guest.clone());
      case Intent.SnapshotDelete delete -> snapshots.remove(delete.id());
      case Intent.SnapshotRevert revert -> {
        return snapshots.get(revert.id()).clone();
      }
      case Intent.Resize resize -> {
        return Arrays.copyOf(guest, (int) resize.sizeBytes());
      }
      case Intent.Flush _, Intent.Mark _, Intent.Epoch _, Intent.Heartbeat _ -> {}
    }
    return guest;
  }

  byte[] content() throws IOException {
    ByteBuffer guest = ByteBuffer.allocate((int) image.virtualSizeBytes());
    image.read(GuestOffset.ZERO, guest);
    return guest.array();
  }

  /** Everything applied, counted, settled: content, refcounts, position and group offset agree. */
  void assertComplete(String what) throws IOException {
    file.heal();
    long end = Math.min(until, journal.end());
    assertEquals(end, engine.durableApplied().nextOffset(), what + ": applied");
    assertEquals(end, durableState(disk).applied().nextOffset(), what + ": slot");
    assertEquals(end, log.groupOffset(), what + ": group offset");
    assertEquals(-1, Arrays.mismatch(model(end), content()), what + ": content differs at");
    assertNoTrouble(what);
    for (Compensation compensation : log.all()) {
      assertEquals(Compensation.State.DONE, compensation.state(), what + ": " + compensation);
    }
  }

  /** I-1: no leak, no corruption. */
  void assertNoTrouble(String what) throws IOException {
    CheckReport report = ImageCheck.check(disk, ImageCheck.Repair.NONE);
    assertTrue(report.isClean(), () -> what + ": " + report);
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

  /** Watches what Kafka is told. */
  private final class Invariants implements MemoryCompensationLog.Watcher {

    @Override
    public void publishing(Compensation compensation) {
      assertTrue(compensation.clusterCount() > 0, "an empty compensation");
      assertTrue(
          log.groupOffset() <= durableState(disk).applied().nextOffset(), "I-35 when published");
      assertEquals(
          Map.of(),
          inUse(compensation),
          () -> "published, yet referenced as often as counted: " + compensation.cause());
    }

    @Override
    public void committing(List<Compensation> done, long offset) {
      ReplicaState durable = durableState(disk);
      assertTrue(offset <= durable.applied().nextOffset(), "I-35: committed past the durable slot");
      assertTrue(offset >= log.groupOffset(), "the group offset falls");
      for (Compensation compensation : done) {
        assertFreed(compensation);
      }
    }
  }

  private static void assertFreed(Compensation compensation) {
    assertEquals(Compensation.State.DONE, compensation.state());
  }

  /**
   * Clusters of a compensation that are referenced, although no snapshot shares anything: only
   * those can have been counted too often. What an earlier try has published under the same id it
   * may have freed, and linked, already.
   */
  private Map<Long, String> inUse(Compensation compensation) {
    Map<Long, String> wrong = new HashMap<>();
    try {
      ImageWalk walk = ImageWalk.of(disk);
      boolean shares =
          entries().stream()
              .anyMatch(entry -> entry.record().intent() instanceof Intent.SnapshotCreate);
      Set<Long> earlier = new HashSet<>();
      log.all().stream()
          .filter(c -> c.id().equals(compensation.id()))
          .flatMap(c -> c.clusters().stream())
          .flatMapToLong(extent -> Arrays.stream(walk.clusters(extent)))
          .forEach(earlier::add);
      for (ClusterExtent extent : compensation.clusters()) {
        for (long cluster : walk.clusters(extent)) {
          long refcount = walk.refcount(cluster);
          int references = walk.references(cluster);
          if (refcount < references || (references > 0 && !shares && !earlier.contains(cluster))) {
            wrong.put(cluster, refcount + " counted, " + references + " references");
          }
        }
      }
      return wrong;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
