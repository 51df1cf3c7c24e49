package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.sim.CrashStates;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.LongSet;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What amend leaves is what QEMU takes; and any cut or failure leaves an image with its content.
 */
final class ImageAmendTest {

  private static final int SIZE = 40 << 10;
  private static final String BASE = "base.raw";

  @TempDir Path folder;

  private static final BackingOpener NINES =
      (_, _) -> {
        MemoryBlockFile base = new MemoryBlockFile(BASE);
        byte[] bytes = new byte[SIZE / 2];
        Arrays.fill(bytes, (byte) 9);
        base.write(ByteBuffer.wrap(bytes), 0);
        return new RawDisk(base);
      };

  /** With data, zeroes that keep space and zeroes that do not, and something compressed. */
  private static MemoryBlockFile image(FormatVersion version, boolean backed) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("image.qcow2");
    CreateOptions options = CreateOptions.ofSize(SIZE).withClusterSize(512).withVersion(version);
    NewImage.create(file, backed ? options.withBacking(BackingReference.raw(BASE)) : options);
    try (Qcow2Image image = open(file)) {
      write(image, 0, 6000, 1);
      image.writeZeroes(new GuestOffset(512), 1024, true);
      image.writeZeroes(new GuestOffset(2048), 1024, false);
      image.writeZeroes(new GuestOffset(8192), 2048, true);
      write(image, 36 << 10, 512, 3);
    }
    return file;
  }

  private static Qcow2Image open(MemoryBlockFile file) throws IOException {
    return SmallImages.open(file, NINES, SmallImages.bounds(512, 4, 4));
  }

  private static void write(Qcow2Image image, int at, int length, int value) throws IOException {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    image.write(new GuestOffset(at), ByteBuffer.wrap(bytes));
  }

  private static byte[] content(MemoryBlockFile file) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file.copy(), true, NINES)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) image.virtualSizeBytes());
      image.read(GuestOffset.ZERO, bytes);
      return bytes.array();
    }
  }

  private static void amend(dev.drover.qcow2.io.BlockFile file, AmendOptions wanted)
      throws IOException {
    ImageAmend.amend(file, NINES, wanted, _ -> {}, SmallImages.bounds(512, 4, 4));
  }

  private static AmendOptions version(FormatVersion version) {
    return AmendOptions.none().withVersion(version);
  }

  private void judged(MemoryBlockFile file) throws IOException {
    Path path = folder.resolve("judged.qcow2");
    file.store(path);
    Files.write(folder.resolve(BASE), new byte[SIZE / 2]);
    Qemu.checkClean(path);
    assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @RequiresTools("qemu-img")
  void versionsChangeBothWays(boolean backed) throws IOException {
    MemoryBlockFile file = image(FormatVersion.V3, backed);
    byte[] before = content(file);
    amend(file, version(FormatVersion.V2));
    assertEquals(FormatVersion.V2, ImageInfo.read(file).version());
    assertArrayEquals(before, content(file));
    judged(file);
    amend(file, version(FormatVersion.V3).withRefcountBits(64).withLazyRefcounts(true));
    ImageInfo info = ImageInfo.read(file);
    assertEquals(FormatVersion.V3, info.version());
    assertEquals(64, info.refcountBits());
    assertTrue(info.lazyRefcounts());
    assertArrayEquals(before, content(file));
    judged(file);
    try (Qcow2Image image = open(file)) {
      write(image, 0, 10000, 4);
    }
    judged(file);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64})
  @RequiresTools("qemu-img")
  void refcountsGetAnyWidth(int bits) throws IOException {
    MemoryBlockFile file = image(FormatVersion.V3, false);
    byte[] before = content(file);
    amend(file, AmendOptions.none().withRefcountBits(bits));
    assertEquals(bits, ImageInfo.read(file).refcountBits());
    assertArrayEquals(before, content(file));
    judged(file);
    try (Qcow2Image image = open(file)) {
      write(image, 0, 30000, 4);
    }
    judged(file);
  }

  @Test
  @RequiresTools("qemu-img")
  void snapshotsKeepWhatTheyHold() throws IOException {
    MemoryBlockFile file = image(FormatVersion.V2, false);
    try (Qcow2Image image = open(file)) {
      image.createSnapshot(new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0]));
      write(image, 0, 1000, 8);
    }
    amend(file, version(FormatVersion.V3));
    judged(file);
    try (Qcow2Image image = open(file)) {
      image.writeZeroes(new GuestOffset(10000), 5000, true);
    }
    amend(file, version(FormatVersion.V2));
    judged(file);
    try (Qcow2Image image = open(file)) {
      image.revertToSnapshot("s");
    }
    assertEquals(1, content(file)[0]);
    refused(Code.OUT_OF_RANGE, file, version(FormatVersion.V3).withRefcountBits(1));
  }

  @Test
  void snapshotsOfVersion2KeepTheirSizeWhenTheDiskGetsAnother() throws IOException {
    MemoryBlockFile file = image(FormatVersion.V2, false);
    try (Qcow2Image image = open(file)) {
      image.createSnapshot(new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0]));
    }
    forgetSizes(file);
    refused(Code.UNSUPPORTED, file, AmendOptions.none().withVirtualSize(2L * SIZE));
    amend(file, version(FormatVersion.V3).withVirtualSize(2L * SIZE));
    try (Qcow2Image image = open(file)) {
      assertEquals(2L * SIZE, image.virtualSizeBytes());
      image.revertToSnapshot("s");
      assertEquals(SIZE, image.virtualSizeBytes());
    }
  }

  /** As programs before QEMU 1.1 left it. */
  private static void forgetSizes(MemoryBlockFile file) throws IOException {
    Header header = Header.read(file);
    SnapshotEntry all = SnapshotTable.read(file, header).getFirst();
    SnapshotEntry less = new SnapshotEntry(all.l1(), 0, 0, 0, 0, new byte[0], all.id(), all.name());
    file.write(SnapshotTable.encode(List.of(less)), header.snapshots().offset().bytes());
  }

  private static void refused(Code code, MemoryBlockFile file, AmendOptions wanted) {
    Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> amend(file, wanted));
    assertEquals(code, e.code(), e.getMessage());
  }

  @Test
  void whatCannotBeIsRefusedAndNothingIsChanged() throws IOException {
    MemoryBlockFile narrow = new MemoryBlockFile("narrow");
    NewImage.create(narrow, CreateOptions.ofSize(SIZE).withRefcountBits(8));
    MemoryBlockFile extended = new MemoryBlockFile("extended");
    NewImage.create(extended, CreateOptions.ofSize(SIZE).withExtendedL2(true));
    MemoryBlockFile zstd = new MemoryBlockFile("zstd");
    NewImage.create(zstd, CreateOptions.ofSize(SIZE).withCompression(Compression.ZSTD));
    try (Qcow2Image image = Qcow2Image.open(zstd, false)) {
      image.writeCompressed(GuestOffset.ZERO, ByteBuffer.allocate(SIZE));
    }
    MemoryBlockFile marked = image(FormatVersion.V3, false);
    try (Qcow2Image image = open(marked)) {
      image.bitmaps().add("map", 512, true);
    }
    MemoryBlockFile zeroes = image(FormatVersion.V3, false);
    try (Qcow2Image image = open(zeroes)) {
      image.createSnapshot(new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0]));
    }
    for (MemoryBlockFile file : List.of(narrow, extended, zstd, marked, zeroes)) {
      MemoryBlockFile before = file.copy();
      refused(Code.UNSUPPORTED, file, version(FormatVersion.V2));
      assertTrue(before.sameContent(file), file.name());
    }
    MemoryBlockFile old = image(FormatVersion.V2, false);
    refused(Code.UNSUPPORTED, old, AmendOptions.none().withLazyRefcounts(true));
    refused(Code.UNSUPPORTED, old, AmendOptions.none().withRefcountBits(8));
    refused(Code.UNSUPPORTED, old, AmendOptions.none().withDataFile("x"));
    refused(Code.UNSUPPORTED, old, AmendOptions.none().withDataFileRaw(true));
    refused(Code.INVALID_OPTION, old, version(FormatVersion.V3).withRefcountBits(3));
  }

  private static final List<AmendOptions> ALL =
      List.of(
          version(FormatVersion.V2),
          AmendOptions.none().withRefcountBits(64),
          AmendOptions.none().withRefcountBits(1).withLazyRefcounts(true),
          AmendOptions.none().withVirtualSize(SIZE + 4096).withRefcountBits(8));

  @Test
  void thePowerMayGoAtAnyIo() throws IOException {
    System.out.println("amend: " + cutEach() + " crash states");
  }

  /** Cuts each amendment at each I/O; how many states that left. */
  static long cutEach() throws IOException {
    long states = 0;
    for (AmendOptions wanted : ALL) {
      states += cut(image(FormatVersion.V3, false), wanted);
      states += cut(image(FormatVersion.V3, true), wanted);
    }
    return states
        + cut(image(FormatVersion.V2, true), version(FormatVersion.V3).withRefcountBits(32));
  }

  private static long cut(MemoryBlockFile image, AmendOptions wanted) throws IOException {
    byte[] before = content(image);
    FailingBlockFile counting = new FailingBlockFile(CrashingBlockFile.of(image));
    amend(counting, wanted);
    LongSet seen = new LongSet();
    long[] states = {0};
    for (int n = 1; n <= counting.ios(); n++) {
      CrashingBlockFile cut = CrashingBlockFile.of(image);
      FailingBlockFile file = new FailingBlockFile(cut).failFrom(n, FailingBlockFile.Failure.EIO);
      assertThrows(IOException.class, () -> amend(file, wanted));
      CrashStates.visit(
          cut,
          seen,
          7,
          (left, _) -> {
            whole(left, before);
            states[0]++;
          });
    }
    return states[0];
  }

  /** Opens, which recovers; the content is there, and nothing leaks; then it can be amended. */
  private static void whole(MemoryBlockFile left, byte[] before) throws IOException {
    try {
      open(left).close();
    } catch (Qcow2Exception e) {
      throw new InvariantViolation("I-26", "does not open: " + e.getMessage());
    }
    if (!Arrays.equals(before, Arrays.copyOf(content(left), before.length))) {
      throw new InvariantViolation("I-26", "the content has changed");
    }
    CheckReport report = ImageCheck.check(left, ImageCheck.Repair.NONE);
    boolean leaks = ImageInfo.read(left).version() == FormatVersion.V3 && report.leaks() > 0;
    if (report.corruptions() > 0 || leaks) {
      throw new InvariantViolation("I-26", report.toString());
    }
  }

  private static FailingBlockFile.Failure failure(FailingBlockFile.Kind kind) {
    return kind == FailingBlockFile.Kind.WRITE
        ? FailingBlockFile.Failure.SHORT_WRITE_ENOSPC
        : FailingBlockFile.Failure.EIO;
  }

  @Test
  void everyIoMayFailAndTheSameCallDoesTheRest() throws IOException {
    for (AmendOptions wanted : ALL) {
      MemoryBlockFile image = image(FormatVersion.V3, true);
      byte[] before = content(image);
      FailingBlockFile counting = new FailingBlockFile(image.copy());
      amend(counting, wanted);
      for (int n = 1; n <= counting.ios(); n++) {
        MemoryBlockFile file = image.copy();
        FailingBlockFile failing =
            new FailingBlockFile(file).failAt(n, failure(counting.trace().get(n - 1).kind()));
        try {
          amend(failing, wanted);
        } catch (IOException e) {
          amend(file, wanted);
        }
        assertArrayEquals(before, Arrays.copyOf(content(file), before.length));
        assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean());
      }
    }
  }
}
