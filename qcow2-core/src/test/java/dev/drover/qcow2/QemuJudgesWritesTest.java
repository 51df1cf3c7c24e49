package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What we write, QEMU finds clean and reads the same; what it wrote, we go on writing. */
@RequiresTools({"qemu-img", "qemu-io"})
final class QemuJudgesWritesTest {

  private static final long SEED = Long.getLong("drover.seed", 7);

  @TempDir Path folder;

  private final Random random = new Random(SEED);
  private byte[] model;

  private Qcow2Image open(MemoryBlockFile file) throws IOException {
    CoreOptions bounds = new CoreOptions(1 << 20, 4 << 20, 1 << 20, PassDiscard.ALL, false);
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

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64})
  void refcountsOfEveryWidthCount(int bits) throws IOException {
    model = new byte[300 << 10];
    MemoryBlockFile file = new MemoryBlockFile("width" + bits);
    CreateOptions options = CreateOptions.ofSize(model.length).withClusterSize(512);
    Qcow2Image.create(file, options.withRefcountBits(bits)).close();
    try (Qcow2Image image = open(file)) {
      change(image, 40, 512);
      if (bits == 1) {
        Qcow2Exception refused =
            assertThrows(Qcow2Exception.class, () -> image.createSnapshot(snapshot(0)));
        assertEquals(Qcow2Exception.Code.OUT_OF_RANGE, refused.code(), refused.getMessage());
        change(image, 10, 512);
      } else {
        image.createSnapshot(snapshot(0));
        change(image, 20, 512);
        image.createSnapshot(snapshot(1));
        image.deleteSnapshot("s0");
      }
      change(image, 10, 512);
    }
    Path path = judged(file, "ours");
    ImageJudge.settled(file);
    Qemu.io(path, "write -P 7 1k 100k", "discard 20k 30k").orFail();
    Arrays.fill(model, 1 << 10, 101 << 10, (byte) 7);
    Arrays.fill(model, 20 << 10, 50 << 10, (byte) 0);
    MemoryBlockFile theirs = MemoryBlockFile.load(path);
    try (Qcow2Image image = open(theirs)) {
      change(image, 20, 512);
    }
    judged(theirs, "after");
  }

  @Test
  void refcountsThatQemuPostponedAndNeverWroteAreMadeUpFor() throws IOException {
    model = new byte[400 << 10];
    MemoryBlockFile file = new MemoryBlockFile("lazy");
    CreateOptions options = CreateOptions.ofSize(model.length).withClusterSize(4096);
    Qcow2Image.create(file, options.withLazyRefcounts(true)).close();
    Path path = folder.resolve("lazy.qcow2");
    file.store(path);
    Qemu.io(path, "write -P 7 1k 100k", "flush", "abort");
    Arrays.fill(model, 1 << 10, 101 << 10, (byte) 7);
    file = MemoryBlockFile.load(path);
    assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).corruptions() > 0, "too low");
    try (Qcow2Image image = open(file)) {
      change(image, 20, 4096);
    }
    judged(file, "made-up");
    ImageJudge.settled(file);
    assertTrue(Header.read(file).features().hasLazyRefcounts());
  }

  @ParameterizedTest
  @EnumSource(FormatVersion.class)
  void whatGrowsOverALongerBackingFileReadsAsZeroes(FormatVersion version) throws IOException {
    byte[] below = new byte[200 << 10];
    Arrays.fill(below, (byte) 5);
    Path base = folder.resolve("base.raw");
    Files.write(base, below);
    BackingOpener opener = (_, _) -> new RawDisk(MemoryBlockFile.load(base));
    MemoryBlockFile file = new MemoryBlockFile("grown");
    CreateOptions options =
        CreateOptions.ofSize(50 << 10)
            .withClusterSize(512)
            .withVersion(version)
            .withBacking(BackingReference.raw("base.raw"));
    NewImage.create(file, options);
    try (Qcow2Image image = Qcow2Image.open(file, false, opener)) {
      image.resize(20 << 10);
      image.resize(100 << 10);
    }
    model = new byte[100 << 10];
    Arrays.fill(model, 0, 20 << 10, (byte) 5);
    judged(file, "grown");
  }

  private static SnapshotSpec snapshot(int number) {
    Instant time = Instant.ofEpochSecond(number);
    return new SnapshotSpec(new UUID(3, number), "s" + number, time, new byte[] {1});
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anImageOfVersion2HasNoZeroFlags(boolean backed) throws IOException {
    model = new byte[(300 << 10) + 1024];
    CreateOptions options =
        CreateOptions.ofSize(model.length).withVersion(FormatVersion.V2).withClusterSize(1024);
    BackingOpener opener = BackingOpener.REFUSE;
    if (backed) {
      random.nextBytes(model);
      Path base = folder.resolve("base.raw");
      Files.write(base, model);
      options = options.withBacking(BackingReference.raw("base.raw"));
      opener = (_, _) -> new RawDisk(MemoryBlockFile.load(base));
    }
    MemoryBlockFile file = new MemoryBlockFile("v2");
    NewImage.create(file, options);
    for (int round = 0; round < 3; round++) {
      try (Qcow2Image image = Qcow2Image.open(file, false, opener)) {
        byte[] before = model.clone();
        image.discard(new GuestOffset(1024), 50 << 10);
        ByteBuffer now = ByteBuffer.allocate(model.length);
        image.read(new GuestOffset(0), now);
        if (backed) {
          assertArrayEquals(before, now.array());
        } else {
          Arrays.fill(model, 1024, 51 << 10, (byte) 0);
        }
        image.writeZeroes(new GuestOffset(60 << 10), 30 << 10, round == 1);
        Arrays.fill(model, 60 << 10, 90 << 10, (byte) 0);
        image.write(new GuestOffset(80 << 10), ByteBuffer.wrap(new byte[] {1, 2, 3}));
        model[80 << 10] = 1;
        model[(80 << 10) + 1] = 2;
        model[(80 << 10) + 2] = 3;
        image.createSnapshot(snapshot(round));
      }
      Path path = judged(file, "v2-" + round);
      assertTrue(Qemu.img("info", path).orFail().output().contains("compat: 0.10"));
      Qemu.io(path, "write -P 9 %dk 3k".formatted(100 + round)).orFail();
      Arrays.fill(model, (100 + round) << 10, (103 + round) << 10, (byte) 9);
      file = MemoryBlockFile.load(path);
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
    CoreOptions bounds = new CoreOptions(1 << 16, 1 << 16, 1 << 16, PassDiscard.ALL, false);
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
