package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What we write, QEMU finds clean and reads the same; what it wrote, we go on writing. */
@RequiresTools({"qemu-img", "qemu-io"})
final class QemuJudgesWritesTest {

  private static final long SEED = Long.getLong("drover.seed", 7);

  @TempDir Path folder;

  private final Random random = new Random(SEED);
  private byte[] model;

  private Qcow2Image open(MemoryBlockFile file) throws IOException {
    CoreOptions bounds = new CoreOptions(1 << 20, 4 << 20, 1 << 20, true, false);
    return Qcow2Image.open(file, false, BackingOpener.REFUSE, bounds);
  }

  private void change(Qcow2Image image, int changes, int clusterSize) throws IOException {
    for (int i = 0; i < changes; i++) {
      int longest = random.nextBoolean() ? 3000 : 4 * clusterSize;
      int at = random.nextInt(model.length);
      int length = 1 + random.nextInt(Math.min(longest, model.length - at));
      switch (random.nextInt(6)) {
        case 0 -> {
          image.writeZeroes(new GuestOffset(at), length, random.nextBoolean());
          Arrays.fill(model, at, at + length, (byte) 0);
        }
        case 1 -> {
          int from = Math.ceilDiv(at, clusterSize) * clusterSize;
          int end = at + length;
          int to = end == model.length ? end : end / clusterSize * clusterSize;
          image.discard(new GuestOffset(at), length);
          if (from < to) {
            Arrays.fill(model, from, to, (byte) 0);
          }
        }
        default -> {
          byte[] bytes = new byte[length];
          random.nextBytes(bytes);
          image.write(new GuestOffset(at), ByteBuffer.wrap(bytes));
          System.arraycopy(bytes, 0, model, at, length);
        }
      }
    }
  }

  private Path judged(MemoryBlockFile file, String name) throws IOException {
    Path path = folder.resolve(name + ".qcow2");
    file.store(path);
    Qemu.checkClean(path);
    compare(path, name, model);
    return path;
  }

  private void compare(Path image, String name, byte[] content, Object... more) throws IOException {
    Path raw = folder.resolve(name + ".raw");
    Files.write(raw, content);
    Qemu.img("compare", "-f", "qcow2", "-F", "raw", image, raw).orFail();
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65536, 1 << 21})
  void qemuReadsWhatWeWrote(int clusterSize) throws IOException {
    model = new byte[(clusterSize < 65536 ? 700 : 8 * clusterSize / 1024 + 3000) * 1024 + 512];
    MemoryBlockFile file = new MemoryBlockFile("ours");
    CreateOptions options = CreateOptions.ofSize(model.length).withClusterSize(clusterSize);
    Qcow2Image.create(file, options).close();
    for (int round = 0; round < 3; round++) {
      try (Qcow2Image image = open(file)) {
        change(image, 40, clusterSize);
      }
      judged(file, "round" + round);
    }
  }

  @Test
  void qemuFindsOurSnapshotsCleanAndReadsThem() throws IOException {
    model = new byte[600 << 10];
    MemoryBlockFile file = new MemoryBlockFile("snapshots");
    Qcow2Image.create(file, CreateOptions.ofSize(model.length).withClusterSize(4096)).close();
    byte[][] then = new byte[3][];
    try (Qcow2Image image = open(file)) {
      for (int i = 0; i < 3; i++) {
        change(image, 20, 4096);
        then[i] = model.clone();
        image.createSnapshot(
            new SnapshotSpec(new UUID(3, i), "s" + i, Instant.ofEpochSecond(i), new byte[] {1}));
        change(image, 20, 4096);
      }
    }
    Path path = judged(file, "now");
    for (int i = 0; i < 3; i++) {
      Path flat = folder.resolve("s" + i + ".qcow2");
      Qemu.img("convert", "-l", "s" + i, "-O", "qcow2", path, flat).orFail();
      compare(flat, "s" + i, then[i]);
    }
    // QEMU goes back to one and drops another; we go on.
    Qemu.img("snapshot", "-a", "s1", path).orFail();
    Qemu.img("snapshot", "-d", "s0", path).orFail();
    model = then[1].clone();
    MemoryBlockFile theirs = MemoryBlockFile.load(path);
    try (Qcow2Image image = open(theirs)) {
      assertEquals(2, image.snapshots().size());
      assertTrue(image.snapshots().getFirst().uuid().isPresent());
      change(image, 30, 4096);
    }
    judged(theirs, "after");
    ImageJudge.settled(theirs);
  }

  @ParameterizedTest
  @ValueSource(strings = {"zlib", "zstd"})
  void weReadAndOverwriteCompressedClusters(String compression) throws IOException {
    model = new byte[1 << 20];
    for (int i = 0; i < model.length; i++) {
      model[i] = (byte) (i / 3000 * 7 + random.nextInt(3));
    }
    Path raw = folder.resolve("source.raw");
    Files.write(raw, model);
    Path path = folder.resolve("compressed.qcow2");
    String options = "cluster_size=16384,compression_type=" + compression;
    Qemu.img("convert", "-c", "-O", "qcow2", "-o", options, "-f", "raw", raw, path).orFail();
    MemoryBlockFile file = MemoryBlockFile.load(path);
    try (Qcow2Image image = open(file)) {
      ByteBuffer all = ByteBuffer.allocate(model.length);
      image.read(new GuestOffset(0), all);
      assertArrayEquals(model, all.array());
      change(image, 40, 16384);
      image.createSnapshot(
          new SnapshotSpec(new UUID(4, 4), "s", Instant.ofEpochSecond(4), new byte[0]));
      change(image, 40, 16384);
    }
    judged(file, "overwritten");
  }

  @Test
  void weFillFromTheBackingFileWhatAGuestWriteLeavesOut() throws IOException {
    model = new byte[300 << 10];
    random.nextBytes(model);
    Path base = folder.resolve("base.raw");
    Files.write(base, Arrays.copyOf(model, 200 << 10)); // shorter than the overlay
    Arrays.fill(model, 200 << 10, model.length, (byte) 0);
    Path path = folder.resolve("overlay.qcow2");
    Qemu.img(
            "create",
            "-f",
            "qcow2",
            "-o",
            "cluster_size=4096",
            "-b",
            base,
            "-F",
            "raw",
            path,
            model.length)
        .orFail();
    MemoryBlockFile file = MemoryBlockFile.load(path);
    CoreOptions bounds = new CoreOptions(1 << 16, 1 << 16, 1 << 16, true, false);
    BackingOpener opener = (_, _) -> new RawDisk(MemoryBlockFile.load(base));
    try (Qcow2Image image = Qcow2Image.open(file, false, opener, bounds)) {
      change(image, 60, 4096);
    }
    judged(file, "overlay-now");
  }

  @Test
  void weGoOnWithPreallocatedAndZeroedClustersOfQemu() throws IOException {
    model = new byte[256 << 10];
    Path path = folder.resolve("theirs.qcow2");
    Qemu.img(
            "create",
            "-f",
            "qcow2",
            "-o",
            "cluster_size=4096,preallocation=metadata",
            path,
            model.length)
        .orFail();
    Qemu.io(path, "write -P 0x11 0 64k", "write -z 4k 40k", "write -z -u 60k 8k").orFail();
    Arrays.fill(model, 0, 64 << 10, (byte) 0x11);
    Arrays.fill(model, 4 << 10, 44 << 10, (byte) 0);
    Arrays.fill(model, 60 << 10, 68 << 10, (byte) 0);
    MemoryBlockFile file = MemoryBlockFile.load(path);
    for (int round = 0; round < 3; round++) {
      try (Qcow2Image image = open(file)) {
        change(image, 40, 4096);
      }
      judged(file, "round" + round);
    }
  }
}
