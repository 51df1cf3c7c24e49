package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every I/O of a plain image with 512-byte clusters fails once, and the power goes before every
 * I/O. A cluster is a sector, so after a cut each sector holds what it held at the last flush, or
 * after any operation since.
 */
final class PlainImageFaultTest {

  private static final int CLUSTER = 512;
  private static final int TABLE_SPAN = 64 * CLUSTER;
  private static final int DISK = 3 * TABLE_SPAN + 200 / CLUSTER * CLUSTER + CLUSTER;
  private static final long SEED = Long.getLong("drover.seed", 20240607);
  private static final boolean EXHAUSTIVE = Boolean.getBoolean("drover.exhaustive");
  private static final CoreOptions BOUNDS =
      new CoreOptions(3 * CLUSTER, 2 * CLUSTER, 2 * CLUSTER, PassDiscard.ALL, false);

  static MemoryBlockFile empty;

  /** So full that the next window needs another refcount block. */
  static MemoryBlockFile blockFull;

  private static long faults;
  private static long cuts;

  /** One call on the image; a failed one is repeated. */
  private interface Op {
    void run(Qcow2Image image) throws IOException;

    /** What it makes of the disk. */
    default void model(byte[] disk) {}

    default boolean flushes() {
      return false;
    }
  }

  private record Write(int offset, int length, int value) implements Op {
    @Override
    public void run(Qcow2Image image) throws IOException {
      byte[] bytes = new byte[length];
      Arrays.fill(bytes, (byte) value);
      image.write(new GuestOffset(offset), ByteBuffer.wrap(bytes));
    }

    @Override
    public void model(byte[] disk) {
      Arrays.fill(disk, offset, offset + length, (byte) value);
    }
  }

  private record Zero(int offset, int length, boolean unmap) implements Op {
    @Override
    public void run(Qcow2Image image) throws IOException {
      image.writeZeroes(new GuestOffset(offset), length, unmap);
    }

    @Override
    public void model(byte[] disk) {
      Arrays.fill(disk, offset, offset + length, (byte) 0);
    }
  }

  private record Flush() implements Op {
    @Override
    public void run(Qcow2Image image) throws IOException {
      image.flush();
    }

    @Override
    public boolean flushes() {
      return true;
    }
  }

  private record Snapshot(int number) implements Op {
    @Override
    public void run(Qcow2Image image) throws IOException {
      image.createSnapshot(
          new SnapshotSpec(
              new UUID(2, number), "s" + number, Instant.ofEpochSecond(number), new byte[0]));
    }

    @Override
    public boolean flushes() {
      return true;
    }
  }

  private static List<Op> ops(String word) {
    List<Op> ops = new ArrayList<>();
    for (int i = 0; i < word.length(); i++) {
      ops.add(op(word.charAt(i), i + 1));
    }
    return ops;
  }

  private static Op op(char letter, int n) {
    int v = n * 16 + 1;
    return switch (letter) {
      case 'w' -> new Write(100, 700, v);
      case 'f' -> new Write(0, 2 * CLUSTER, v + 1);
      case 'x' -> new Write(TABLE_SPAN - 600, 1500, v + 2);
      case 'p' -> new Write(400, 200, v + 3);
      case 'l' -> new Write(2 * TABLE_SPAN - 9 * CLUSTER, 20 * CLUSTER, v + 4); // many windows
      case 'd' -> new Zero(0, 2 * CLUSTER, true);
      case 'k' -> new Zero(0, 2 * CLUSTER, false);
      case 'z' -> new Zero(300, 300, true);
      case 'a' -> new Zero(0, DISK, true);
      case 'F' -> new Flush();
      case 's' -> new Snapshot(n);
      default -> throw new IllegalArgumentException("no operation " + letter);
    };
  }

  private static List<String> words() {
    List<String> words =
        new ArrayList<>(
            List.of("wfp", "xFxdx", "fFdFf", "wzk", "fkp", "lal", "fsf", "xsx", "fsdk", "lsa"));
    if (EXHAUSTIVE) {
      String letters = "wfxpldkzaFs";
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

  @BeforeAll
  static void makeImages() throws IOException {
    empty = new MemoryBlockFile("plain.qcow2");
    Qcow2Image.create(empty, options()).close();
    blockFull = empty.copy();
    try (Qcow2Image image = open(blockFull)) {
      // Header, tables and 3 L2 tables take some of the first block's 256 clusters, too.
      image.write(new GuestOffset(0), ByteBuffer.allocate(DISK));
      image.createSnapshot(new SnapshotSpec(new UUID(2, 0), "base", Instant.EPOCH, new byte[0]));
      int more = (int) (256 - 4 - blockFull.length() / CLUSTER);
      image.write(new GuestOffset(TABLE_SPAN), ByteBuffer.allocate(more * CLUSTER));
    }
  }

  private static CreateOptions options() {
    return CreateOptions.ofSize(DISK).withClusterSize(CLUSTER);
  }

  private static Qcow2Image open(BlockFile file) throws IOException {
    return Qcow2Image.open(file, false, BackingOpener.REFUSE, BOUNDS);
  }

  private static byte[] content(GuestDisk disk) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(DISK);
    disk.read(new GuestOffset(0), bytes);
    return bytes.array();
  }

  private static byte[] model(List<Op> ops, int count) {
    byte[] disk = new byte[DISK];
    ops.subList(0, count).forEach(op -> op.model(disk));
    return disk;
  }

  @Test
  void everyIoFailsOnce() throws IOException {
    for (String word : words()) {
      failEach(empty, word);
    }
    for (String word : List.of("lF", "xsl", "lsx")) {
      failEach(blockFull, word);
    }
    System.out.println("plain: " + faults + " fault points");
  }

  static void failEach(MemoryBlockFile base, String word) throws IOException {
    long ios = ios(base, ops(word));
    for (Failure how : Failure.values()) {
      int step = EXHAUSTIVE || how == Failure.EIO ? 1 : 4;
      for (long n = 1; n <= ios; n += step) {
        failOnce(base, word, n, how);
      }
    }
  }

  private static long ios(MemoryBlockFile base, List<Op> ops) throws IOException {
    FailingBlockFile file = new FailingBlockFile(CrashingBlockFile.of(base.copy()));
    try (Qcow2Image image = open(file)) {
      for (Op op : ops) {
        op.run(image);
      }
    }
    return file.ios();
  }

  private static void failOnce(MemoryBlockFile base, String word, long n, Failure how) {
    List<Op> ops = ops(word);
    CrashingBlockFile disk = CrashingBlockFile.of(base.copy());
    FailingBlockFile file = new FailingBlockFile(disk).failAt(n, how);
    try {
      Qcow2Image image = null;
      for (int i = 0; i < ops.size(); ) {
        try {
          image = image == null ? open(file) : image;
          ops.get(i).run(image);
          i++;
        } catch (IOException e) {
          if (image != null) {
            oldOrNew(image, ops, i);
          }
        }
      }
      try {
        image.flush();
      } catch (IOException e) {
        image.flush();
      }
      MemoryBlockFile durable;
      try {
        image.close();
        durable = disk.crash(Survival.NOTHING);
      } catch (IOException e) {
        durable = disk.crash(Survival.NOTHING);
        open(durable).close(); // what was flushed is safe, and the next open repairs the rest
      }
      atRest(durable, ops);
      faults++;
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError("word " + word + ", I/O " + n + " " + how, e);
    }
  }

  private static void oldOrNew(Qcow2Image image, List<Op> ops, int done) throws IOException {
    byte[] content = content(image);
    byte[] before = model(ops, done);
    byte[] after = model(ops, done + 1);
    for (int i = 0; i < DISK; i++) {
      if (content[i] != before[i] && content[i] != after[i]) {
        throw new InvariantViolation("I-51", "byte " + i + " is neither old nor new");
      }
    }
  }

  private static void atRest(MemoryBlockFile durable, List<Op> ops) throws IOException {
    ImageJudge.settled(durable);
    try (Qcow2Image image = Qcow2Image.open(durable, true)) {
      same("I-51", model(ops, ops.size()), content(image), "the disk");
      for (int i = 0; i < ops.size(); i++) {
        if (ops.get(i) instanceof Snapshot(int number)) {
          byte[] then = content(image.openSnapshot("s" + number));
          same("I-15", model(ops, i), then, "snapshot " + number);
        }
      }
    }
  }

  private static void same(String invariant, byte[] expected, byte[] actual, String what) {
    int at = Arrays.mismatch(expected, actual);
    if (at >= 0) {
      throw new InvariantViolation(
          invariant, what + " differs at " + at + ": " + actual[at] + ", not " + expected[at]);
    }
  }

  @Test
  void thePowerGoesBeforeEveryIo() throws IOException {
    Random random = new Random(SEED);
    for (String word : words()) {
      cutEach(empty, word, random);
    }
    for (String word : List.of("lF", "xsl")) {
      cutEach(blockFull, word, random);
    }
    System.out.println("plain: " + cuts + " crash states, seed " + SEED);
  }

  static void cutEach(MemoryBlockFile base, String word, Random random) throws IOException {
    List<Op> ops = ops(word);
    Set<Integer> seen = new HashSet<>();
    long ios = ios(base, ops);
    for (long n = 1; n <= ios + 1; n++) {
      CrashingBlockFile disk = CrashingBlockFile.of(base.copy());
      FailingBlockFile file = new FailingBlockFile(disk).failFrom(n, Failure.EIO);
      int flushed = 0;
      int done = 0;
      try (Qcow2Image image = open(file)) {
        for (Op op : ops) {
          op.run(image);
          done++;
          flushed = op.flushes() ? done : flushed;
        }
      } catch (IOException e) {
        // the power is gone
      }
      boolean all = disk.crashStates() <= (EXHAUSTIVE ? 1024 : 16);
      int state = 0;
      for (MemoryBlockFile left :
          all ? disk.everyCrash() : disk.sampledCrashes(random, EXHAUSTIVE ? 64 : 8)) {
        state++;
        if (seen.add(Arrays.hashCode(left.bytes()))) {
          String where = "word %s, cut before I/O %d, state %d".formatted(word, n, state);
          afterCut(where, left, ops, flushed, Math.min(done + 1, ops.size()));
        }
      }
    }
  }

  private static void afterCut(
      String where, MemoryBlockFile left, List<Op> ops, int flushed, int begun) {
    try {
      ImageJudge.neverUndercounted(left);
      try (Qcow2Image image = open(left)) {
        ImageJudge.settled(left);
        eachSectorIsOneOf(content(image), ops, flushed, begun);
        image.write(new GuestOffset(50), ByteBuffer.allocate(3 * CLUSTER));
      }
      ImageJudge.settled(left);
      cuts++;
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(where + ", seed " + SEED, e);
    }
  }

  private static void eachSectorIsOneOf(byte[] content, List<Op> ops, int flushed, int begun) {
    List<byte[]> versions = new ArrayList<>();
    for (int i = flushed; i <= begun; i++) {
      versions.add(model(ops, i));
    }
    for (int at = 0; at < DISK; at += 512) {
      int from = at;
      int to = Math.min(DISK, at + 512);
      if (versions.stream()
          .noneMatch(version -> Arrays.equals(version, from, to, content, from, to))) {
        throw new InvariantViolation("I-51", "sector at " + at + " is none of its versions");
      }
    }
  }

  @Test
  void theRefcountTableGrowsAtEveryFaultAndCut() throws IOException {
    // One cluster of table counts 64 blocks, 16384 clusters, 8 MiB.
    MemoryBlockFile base = new MemoryBlockFile("large.qcow2");
    long size = 9 << 20;
    Qcow2Image.create(base, CreateOptions.ofSize(size).withClusterSize(CLUSTER)).close();
    try (Qcow2Image image = Qcow2Image.open(base, false)) {
      while (base.length() < (64L * 256 - 4) * CLUSTER) {
        long clusters = Math.max(1, Math.min(500, 64 * 256 - 12 - base.length() / CLUSTER));
        long at = nextHole(image);
        image.write(new GuestOffset(at), ByteBuffer.allocate((int) clusters * CLUSTER));
        image.flush();
      }
    }
    long at;
    try (Qcow2Image image = Qcow2Image.open(base, true)) {
      at = nextHole(image);
    }
    long ios = growth(new FailingBlockFile(CrashingBlockFile.of(base.copy())), at);
    for (long n = 1; n <= ios; n++) {
      CrashingBlockFile disk = CrashingBlockFile.of(base.copy());
      growth(new FailingBlockFile(disk).failAt(n, Failure.EIO), at);
      MemoryBlockFile durable = disk.crash(Survival.NOTHING);
      open(durable).close(); // a close that failed may have left it dirty
      ImageJudge.settled(durable);
      assertEquals(2, Header.read(durable).refcountTable().count());

      CrashingBlockFile cut = CrashingBlockFile.of(base.copy());
      try {
        write(new FailingBlockFile(cut).failFrom(n, Failure.EIO), at);
      } catch (IOException e) {
        // the power is gone
      }
      for (MemoryBlockFile left : cut.sampledCrashes(new Random(SEED), EXHAUSTIVE ? 64 : 3)) {
        ImageJudge.neverUndercounted(left);
        open(left).close();
        ImageJudge.settled(left);
      }
    }
  }

  private static long nextHole(Qcow2Image image) {
    return image.map(new GuestOffset(0)).next().end() % image.virtualSizeBytes();
  }

  private static long growth(FailingBlockFile file, long at) throws IOException {
    while (true) {
      try {
        write(file, at);
        return file.ios();
      } catch (IOException e) {
        // once; then it works
      }
    }
  }

  private static void write(BlockFile file, long at) throws IOException {
    try (Qcow2Image image = open(file)) {
      image.write(new GuestOffset(at), ByteBuffer.allocate(30 * CLUSTER));
    }
  }
}
