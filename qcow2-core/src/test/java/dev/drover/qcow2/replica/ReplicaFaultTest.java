package dev.drover.qcow2.replica;

import static dev.drover.qcow2.replica.MiniEngine.CLUSTER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.DiskFullException;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every I/O of a replica fails once: what was set aside is given back, the operation repeated, and
 * nothing is lost or leaked. The disk is small, the window three clusters and the caches two
 * tables, so that short journals reach everything.
 */
final class ReplicaFaultTest {

  private static final boolean EXHAUSTIVE = Boolean.getBoolean("drover.exhaustive");

  private static MemoryBlockFile empty;

  @BeforeAll
  static void makeImage() throws IOException {
    empty = Journals.emptyReplica();
  }

  @Test
  void everyIoFailsOnce() throws IOException {
    long faults = 0;
    List<String> words = EXHAUSTIVE ? Journals.exhaustive() : Journals.WORDS;
    for (int w = 0; w < words.size(); w++) {
      faults += failEveryIo(words.get(w), w);
    }
    System.out.println("replica: " + faults + " fault points");
  }

  /** Returns how often it failed one. */
  static long failEveryIo(String word, int w) throws IOException {
    long faults = 0;
    boolean punch = w % 2 == 0;
    List<Op> journal = Journals.journal(word);
    FailingBlockFile faultless = new FailingBlockFile(CrashingBlockFile.of(empty.copy()));
    MiniEngine.start(faultless, journal, punch).runToEnd();
    for (Failure how : Failure.values()) {
      int step = EXHAUSTIVE || how == Failure.EIO ? 1 : 9; // every kind, but not always all
      for (long n = 1 + w % step; n <= faultless.ios(); n += step) {
        failOnce(word, n, how, punch);
        faults++;
      }
    }
    return faults;
  }

  /** What mends a failure fails, too. */
  @Test
  void everyIoOfTheMendingFailsToo() throws IOException {
    long faults = 0;
    for (String word : List.of("fsf", "fsD", "fsgR", "eSG", "xfx")) {
      faults += failEveryMendingToo(word);
    }
    System.out.println("replica: " + faults + " pairs of faults");
  }

  static long failEveryMendingToo(String word) throws IOException {
    long faults = 0;
    FailingBlockFile faultless = new FailingBlockFile(CrashingBlockFile.of(empty.copy()));
    MiniEngine.start(faultless, Journals.journal(word), true).runToEnd();
    for (long n = 5; n <= faultless.ios(); n += EXHAUSTIVE ? 1 : 4) {
      for (long m = 1; m <= 24; m += EXHAUSTIVE ? 1 : 2) {
        failTwice(word, n, Failure.EIO, m, true);
        faults++;
      }
    }
    return faults;
  }

  private static void failOnce(String word, long n, Failure how, boolean punch) {
    failTwice(word, n, how, 0, punch);
  }

  /** Fails the n-th I/O, and then the m-th after that; 0 for none. */
  private static void failTwice(String word, long n, Failure how, long m, boolean punch) {
    List<Op> journal = Journals.journal(word);
    CrashingBlockFile disk = CrashingBlockFile.of(empty.copy());
    FailingBlockFile file = new FailingBlockFile(disk).failAt(n, how);
    long again = m;
    try {
      MiniEngine engine = startAgainstFaults(file, disk, journal, punch);
      while (true) {
        try {
          if (engine.isAtEnd()) {
            engine.stop();
            break;
          }
          engine.step();
        } catch (IOException e) {
          beforeMending(engine, disk, journal, how);
          if (again > 0) {
            file.failAt(again, how);
            again = 0;
          }
          mend(engine, disk, journal, file);
        }
      }
      ReplicaVerdict.atRest(disk.crash(Survival.NOTHING), journal);
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(
          "journal %s, I/O %d %s, then %d, punch %s".formatted(word, n, how, m, punch), e);
    }
  }

  private static MiniEngine startAgainstFaults(
      FailingBlockFile file, BlockFile disk, List<Op> journal, boolean punch) throws IOException {
    try {
      return MiniEngine.start(new WatchedSlots(file, disk), journal, punch);
    } catch (IOException e) {
      return MiniEngine.start(new WatchedSlots(file, disk), journal, punch);
    }
  }

  private static void beforeMending(
      MiniEngine engine, CrashingBlockFile disk, List<Op> journal, Failure how) throws IOException {
    if (how != Failure.SHORT_WRITE && how != Failure.SHORT_WRITE_ENOSPC) {
      ImageJudge.neverUndercounted(disk); // half an entry is in the file until mend rewrites it
    }
    ReplicaVerdict.oldOrNew(engine, journal);
  }

  private static void mend(
      MiniEngine engine, CrashingBlockFile disk, List<Op> journal, FailingBlockFile file)
      throws IOException {
    try {
      engine.mend();
    } catch (IOException e) {
      engine.mend();
    }
    file.heal();
    ImageJudge.exact(disk);
    assertTrue(engine.image().unlinked().isEmpty());
    ReplicaVerdict.oldOrNew(engine, journal);
  }

  @Test
  void aDiskThatStaysFullGivesEverythingBackAndGoesOnWhenThereIsRoom() throws IOException {
    for (String word : List.of("wx", "fsx", "fdtx")) {
      fillDisk(word);
    }
  }

  static void fillDisk(String word) throws IOException {
    List<Op> journal = Journals.journal(word);
    for (long room = empty.length(); room < empty.length() + 12 * CLUSTER; room += CLUSTER) {
      CrashingBlockFile disk = CrashingBlockFile.of(empty.copy());
      FailingBlockFile file = new FailingBlockFile(disk);
      long limit = room;
      boolean sparse = room % (2 * CLUSTER) == 0; // the length grows, the space is not there
      file.failEvery(io -> needsRoomBehind(io, limit, sparse), Failure.ENOSPC);
      MiniEngine engine = MiniEngine.start(file, journal, true);
      boolean full = false;
      while (!engine.isAtEnd()) {
        try {
          engine.step();
        } catch (DiskFullException e) {
          mendWithoutRoom(engine);
          ImageJudge.exact(disk);
          ReplicaVerdict.oldOrNew(engine, journal);
          assertTrue(full || engine.image().unlinked().isEmpty());
          full = true;
          file.heal();
        }
      }
      engine.stop();
      ReplicaVerdict.atRest(disk.crash(Survival.NOTHING), journal);
    }
  }

  private static void mendWithoutRoom(MiniEngine engine) throws IOException {
    try {
      engine.mend();
    } catch (DiskFullException e) {
      throw new InvariantViolation("I-50", "to give back takes room that a full disk has not", e);
    }
  }

  private static boolean needsRoomBehind(Io io, long limit, boolean sparse) {
    return switch (io.kind()) {
      case WRITE -> io.offset() + io.length() > limit;
      case SET_LENGTH -> !sparse && io.offset() > limit;
      case READ, SYNC, PUNCH -> false;
    };
  }

  @Test
  void aWindowIsHalvedUntilItFits() throws IOException {
    CrashingBlockFile disk = CrashingBlockFile.of(empty.copy());
    FailingBlockFile file = new FailingBlockFile(disk);
    long oneCluster = empty.length() + CLUSTER;
    file.failEvery(io -> io.kind() == Kind.SET_LENGTH && io.offset() > oneCluster, Failure.ENOSPC);
    ReplicaImage image = ReplicaImage.open(file, MiniEngine.options(true));
    image.recover();
    Batch batch = image.begin(List.of(MiniEngine.write(0, 10, 1)));
    assertThrows(DiskFullException.class, batch::allocate); // it needs a table and a cluster
    assertEquals(1, image.unlinked().getFirst().clusters());
  }

  @Test
  void afterAFailedCommitTheNextSlotLeavesTheDurableOneAlone() throws IOException {
    FailingBlockFile file = new FailingBlockFile(CrashingBlockFile.of(empty.copy()));
    ReplicaImage image = ReplicaImage.open(file, MiniEngine.options(true));
    image.recover();
    image.commit(MiniEngine.payload(0, 1));
    file.failNext(io -> io.kind() == Kind.SYNC, Failure.EIO);
    assertThrows(IOException.class, () -> image.commit(MiniEngine.payload(0, 2)));
    assertTrue(image.syncFailed());
    long torn = lastWrite(file).offset();
    image.commit(MiniEngine.payload(0, 3));
    assertEquals(torn, lastWrite(file).offset());
    image.commit(MiniEngine.payload(0, 4));
    assertTrue(torn != lastWrite(file).offset());
  }

  private static Io lastWrite(FailingBlockFile file) {
    return file.trace().stream()
        .filter(io -> io.kind() == Kind.WRITE)
        .reduce((_, last) -> last)
        .orElseThrow();
  }
}
