package dev.drover.qcow2.replica;

import static dev.drover.qcow2.replica.MiniEngine.CLUSTER;
import static dev.drover.qcow2.replica.MiniEngine.TABLE_SPAN;
import static dev.drover.qcow2.replica.MiniEngine.write;
import static dev.drover.qcow2.replica.MiniEngine.zero;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every I/O of a replica fails once, and the power goes before every I/O. The disk is small, the
 * window two clusters and the caches two tables, so that short journals reach everything.
 */
final class ReplicaFaultTest {

  private static final int DISK = (int) (2 * TABLE_SPAN + CLUSTER + 512);
  private static final long SEED = Long.getLong("drover.seed", 20240607);
  private static final boolean EXHAUSTIVE = Boolean.getBoolean("drover.exhaustive");

  private static MemoryBlockFile empty;
  private static long faults;
  private static long cuts;

  @BeforeAll
  static void makeImages() throws IOException {
    empty = new MemoryBlockFile("replica.qcow2");
    ReplicaImage.create(empty, DISK, CLUSTER, MiniEngine.payload(0, 0)).close();
  }

  /** The alphabet; {@code n} makes each operation's bytes its own. */
  private static Op op(char letter, int n) {
    int v = n * 16 + 1;
    return switch (letter) {
      case 'w' -> change(write(100, 5000, v)); // two new clusters, both partial
      case 'f' -> change(write(0, 2 * CLUSTER, v + 1)); // whole clusters
      case 'x' -> change(write(TABLE_SPAN - 6000, 12000, v + 2)); // over two L2 tables
      case 'p' -> change(write(4000, 200, v + 3)); // parts of two clusters
      case 'd' -> change(zero(0, 2 * CLUSTER, false)); // discard
      case 'k' -> change(zero(0, 2 * CLUSTER, true)); // zero, keep the space
      case 'z' -> change(zero(3000, 3000, false)); // partial zeroes
      case 'a' -> change(zero(0, DISK, false)); // everything
      case 'e' -> change(write(DISK - 700, 700, v + 4)); // the disk's partial last cluster
      case 'm' -> // several changes in one batch, some overwritten
          change(
              write(0, 3 * CLUSTER, v + 5),
              zero(CLUSTER, CLUSTER, false),
              write(CLUSTER + 100, 50, v + 6),
              write(TABLE_SPAN, CLUSTER, v + 7));
      case 's' -> new Op.Snapshot();
      case 't' -> new Op.Settle();
      default -> throw new IllegalArgumentException("no operation " + letter);
    };
  }

  private static Op change(GuestChange... changes) {
    return new Op.Change(List.of(changes));
  }

  private static List<Op> journal(String word) {
    List<Op> ops = new ArrayList<>();
    for (int i = 0; i < word.length(); i++) {
      ops.add(op(word.charAt(i), i + 1));
    }
    return ops;
  }

  private static List<String> words() {
    List<String> words =
        new ArrayList<>(
            List.of(
                "wfp", "xxd", "fdf", "wzk", "fkp", "mam", "eae", "fsf", "xsx", "fsp", "fsd", "fsk",
                "xsa", "ssw", "ftdx", "fspsz", "wtw", "fsfsfd", "xdsx"));
    if (EXHAUSTIVE) {
      String letters = "wfxpdkzaemst";
      for (char a : letters.toCharArray()) {
        for (char b : letters.toCharArray()) {
          for (char c : letters.toCharArray()) {
            words.add("" + a + b + c);
          }
        }
      }
    }
    return words;
  }

  @Test
  void everyIoFailsOnce() throws IOException {
    for (String word : words()) {
      List<Op> journal = journal(word);
      long ios = ios(journal);
      for (Failure how : Failure.values()) {
        for (long n = 1; n <= ios; n++) {
          failOnce(word, journal, n, how);
        }
      }
    }
    System.out.println("replica: " + faults + " fault points");
  }

  private static long ios(List<Op> journal) throws IOException {
    FailingBlockFile file = new FailingBlockFile(CrashingBlockFile.of(empty.copy()));
    MiniEngine.start(file, journal).runToEnd();
    return file.ios();
  }

  private static void failOnce(String word, List<Op> journal, long n, Failure how) {
    CrashingBlockFile disk = CrashingBlockFile.of(empty.copy());
    FailingBlockFile file = new FailingBlockFile(disk);
    file.failAt(n, how);
    try {
      MiniEngine engine = startAgainstFaults(file, journal);
      while (true) {
        try {
          if (engine.isAtEnd()) {
            engine.stop();
            break;
          }
          engine.step();
        } catch (IOException e) {
          mend(engine, disk, journal, how);
        }
      }
      atRest(disk, journal);
      faults++;
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError("journal " + word + ", I/O " + n + " " + how, e);
    }
  }

  private static MiniEngine startAgainstFaults(FailingBlockFile file, List<Op> journal)
      throws IOException {
    try {
      return MiniEngine.start(file, journal);
    } catch (IOException e) {
      return MiniEngine.start(file, journal);
    }
  }

  private static void mend(MiniEngine engine, CrashingBlockFile disk, List<Op> journal, Failure how)
      throws IOException {
    if (how != Failure.SHORT_WRITE && how != Failure.SHORT_WRITE_ENOSPC) {
      ImageJudge.neverUndercounted(disk); // half an entry is in the file until mend rewrites it
    }
    oldOrNew(engine, journal);
    try {
      engine.mend();
    } catch (IOException e) {
      engine.mend();
    }
    assertTrue(engine.image().unlinked().isEmpty());
    ImageJudge.exact(disk);
    oldOrNew(engine, journal);
  }

  private static void oldOrNew(MiniEngine engine, List<Op> journal) throws IOException {
    byte[] content = MiniEngine.content(engine.image());
    byte[] before = MiniEngine.model(DISK, journal, engine.applied());
    byte[] after = MiniEngine.model(DISK, journal, Math.min(engine.applied() + 1, journal.size()));
    for (int i = 0; i < content.length; i++) {
      if (content[i] != before[i] && content[i] != after[i]) {
        throw new AssertionError("byte " + i + " is neither old nor new");
      }
    }
  }

  /** Stopped: exact, the content is the journal's, and all of it is durable. */
  private static void atRest(CrashingBlockFile disk, List<Op> journal) throws IOException {
    MemoryBlockFile durable = disk.crash(Survival.NOTHING);
    ImageJudge.settled(durable);
    ReplicaImage image = ReplicaImage.open(durable);
    assertTrue(image.recover().wasClean());
    assertEquals(journal.size(), image.slot().payload()[0]);
    sameContent(image, durable, journal);
  }

  private static void sameContent(ReplicaImage image, MemoryBlockFile file, List<Op> journal)
      throws IOException {
    byte[] model = MiniEngine.model(DISK, journal, journal.size());
    same(model, MiniEngine.content(image), "the disk");
    int snapshots = 0;
    for (int i = 0; i < journal.size(); i++) {
      if (journal.get(i) instanceof Op.Snapshot) {
        snapshots++;
        try (Qcow2Image plain = Qcow2Image.open(file, true)) {
          byte[] then = MiniEngine.model(DISK, journal, i);
          same(then, MiniEngine.content(plain.openSnapshot("s" + i)), "snapshot s" + i);
        }
      }
    }
    assertEquals(snapshots, image.snapshots().size());
  }

  private static void same(byte[] expected, byte[] actual, String what) {
    int at = Arrays.mismatch(expected, actual);
    if (at >= 0) {
      throw new AssertionError(
          what + " differs at " + at + ": " + actual[at] + ", not " + expected[at]);
    }
  }

  @Test
  void thePowerGoesBeforeEveryIo() throws IOException {
    Random random = new Random(SEED);
    for (String word : words()) {
      List<Op> journal = journal(word);
      Set<Integer> seen = new HashSet<>();
      long ios = ios(journal);
      for (long n = 1; n <= ios + 1; n++) {
        CrashingBlockFile disk = CrashingBlockFile.of(empty.copy());
        FailingBlockFile file = new FailingBlockFile(disk);
        file.failFrom(n, Failure.EIO);
        try {
          MiniEngine.start(file, journal).runToEnd();
        } catch (IOException e) {
          // the power is gone; nothing runs any more
        }
        boolean all = disk.crashStates() <= (EXHAUSTIVE ? 1024 : 16);
        int state = 0;
        for (MemoryBlockFile left :
            all ? disk.everyCrash() : disk.sampledCrashes(random, EXHAUSTIVE ? 64 : 8)) {
          state++;
          if (seen.add(Arrays.hashCode(left.bytes()))) {
            afterCut(
                "journal %s, cut before I/O %d, state %d".formatted(word, n, state), left, journal);
          }
        }
      }
    }
    System.out.println("replica: " + cuts + " crash states, seed " + SEED);
  }

  private static void afterCut(String where, MemoryBlockFile left, List<Op> journal) {
    try {
      ImageJudge.neverUndercounted(left);
      MiniEngine engine = MiniEngine.start(left, journal);
      ImageJudge.exact(left);
      MemoryBlockFile again = left.copy();
      ReplicaImage second = ReplicaImage.open(again);
      assertTrue(second.recover().excess().isEmpty(), "recovery found more the second time");
      engine.runToEnd();
      ImageJudge.settled(left);
      sameContent(engine.image(), left, journal);
      cuts++;
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(where + ", seed " + SEED, e);
    }
  }
}
