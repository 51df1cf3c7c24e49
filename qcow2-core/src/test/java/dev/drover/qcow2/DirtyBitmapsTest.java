package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bitmaps between us and QEMU: what one stores the other reads. */
@RequiresTools({"qemu-img", "qemu-io"})
final class DirtyBitmapsTest {

  private static final String[] QEMU_WRITES = {
    "write 0 1", "write 70k 3k", "write -z 200k 64k", "discard 300k 100", "write 1000k 24k"
  };

  @TempDir Path folder;

  /** The same requests as {@link #QEMU_WRITES}. */
  private static void write(Qcow2Image image) throws IOException {
    write(image, 0, 1);
    write(image, 70 << 10, 3 << 10);
    image.writeZeroes(new GuestOffset(200 << 10), 64 << 10, false);
    image.discard(new GuestOffset(300 << 10), 100);
    write(image, 1000 << 10, 24 << 10);
  }

  private static void write(Qcow2Image image, int at, int length) throws IOException {
    byte[] bytes = new byte[length];
    java.util.Arrays.fill(bytes, (byte) 0xcd);
    image.write(new GuestOffset(at), ByteBuffer.wrap(bytes));
  }

  private Path qemusImage(String name, int clusterSize, Object... more) throws IOException {
    Path path = folder.resolve(name);
    String options = "cluster_size=" + clusterSize;
    Qemu.img("create", "-q", "-f", "qcow2", "-o", options, path, "1M").orFail();
    return path;
  }

  private static MemoryBlockFile ours(int clusterSize) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("ours.qcow2");
    NewImage.create(file, CreateOptions.ofSize(1 << 20).withClusterSize(clusterSize));
    return file;
  }

  private static List<String> ranges(Qcow2Image image, String name) throws IOException {
    List<String> ranges = new ArrayList<>();
    image
        .bitmaps()
        .dirtyRanges(name)
        .forEachRemaining(range -> ranges.add(range.start().bytes() + "+" + range.length()));
    return ranges;
  }

  private static List<String> ranges(MemoryBlockFile file, String name) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file.copy(), true)) {
      return ranges(image, name);
    }
  }

  /** Lets QEMU load and store every bitmap; then what it calls dirty, in our reading. */
  private List<String> rangesByQemu(MemoryBlockFile file, String name) throws IOException {
    Path path = folder.resolve("judged.qcow2");
    file.store(path);
    Qemu.checkClean(path);
    Qemu.img("bitmap", "--add", "-g", "512", path, "reader").orFail();
    Qemu.img("bitmap", "--merge", name, path, "reader").orFail();
    Qemu.checkClean(path);
    return ranges(MemoryBlockFile.load(path), "reader");
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65536})
  void whatAnEnabledBitmapNotesIsWhatQemuNotes(int clusterSize) throws IOException {
    Path theirs = qemusImage("theirs.qcow2", clusterSize);
    Qemu.img("bitmap", "--add", "-g", "1k", theirs, "map").orFail();
    Qemu.img("bitmap", "--add", "-g", "64k", "--disable", theirs, "off").orFail();
    MemoryBlockFile twin = MemoryBlockFile.load(theirs);
    Qemu.io(theirs, QEMU_WRITES).orFail();
    try (Qcow2Image image = Qcow2Image.open(twin, false)) {
      write(image);
    }
    List<String> expected = ranges(MemoryBlockFile.load(theirs), "map");
    assertEquals(
        List.of("0+1024", "71680+3072", "204800+65536", "307200+1024", "1024000+24576"), expected);
    assertEquals(expected, ranges(twin, "map"));
    assertEquals(expected, rangesByQemu(twin, "map"));
    assertEquals(List.of(), ranges(twin, "off"));
    ImageJudge.settledByCheck(twin);
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65536})
  void bitmapsOfOursAreQemusToo(int clusterSize) throws IOException {
    MemoryBlockFile file = ours(clusterSize);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("one", 512, true);
      image.bitmaps().add("two", 64 << 10, false);
      write(image);
      assertEquals(5, ranges(image, "one").size());
      image.bitmaps().merge("two", image.bitmaps(), "one");
      image.bitmaps().add("three", 4096, true);
      image.bitmaps().disable("one");
      image.bitmaps().enable("two");
      write(image, 512 << 10, 1);
      image.bitmaps().clear("three");
      image.bitmaps().remove("one");
    }
    assertEquals(
        List.of("0+131072", "196608+131072", "524288+65536", "983040+65536"), ranges(file, "two"));
    assertEquals(ranges(file, "two"), rangesByQemu(file, "two"));
    assertEquals(List.of(), rangesByQemu(file, "three"));
    ImageJudge.settledByCheck(file);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      assertEquals(
          List.of(
              new BitmapInfo("two", 64 << 10, true, false, false),
              new BitmapInfo("three", 4096, true, false, false)),
          image.bitmaps().list());
      image.bitmaps().remove("two");
      image.bitmaps().remove("three");
      assertEquals(List.of(), image.bitmaps().list());
    }
    ImageJudge.settledByCheck(file);
    Path path = folder.resolve("none.qcow2");
    file.store(path);
    assertFalse(Qemu.img("info", path).orFail().output().contains("bitmap"));
  }

  @Test
  void wholeClustersOfOnesTakeNoSpaceAndQemuReadsThem() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("ones.qcow2");
    NewImage.create(file, CreateOptions.ofSize(8 << 20).withClusterSize(512));
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("map", 512, true);
      image.writeZeroes(new GuestOffset(1 << 20), 5 << 20, true);
      write(image, 7 << 20, 1);
    }
    assertEquals(List.of("1048576+5242880", "7340032+512"), rangesByQemu(file, "map"));
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      write(image, 3 << 20, 1);
      image.resize(9 << 20);
      image.resize(5 << 20);
    }
    assertEquals(List.of("1048576+4194304"), rangesByQemu(file, "map"));
    ImageJudge.settledByCheck(file);
  }

  @Test
  void aProcessThatDoesNotCloseLosesItsBitmapsAndSaysSo() throws IOException {
    MemoryBlockFile file = ours(4096);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("follows", 4096, true);
      image.bitmaps().add("still", 4096, false);
    }
    Qcow2Image killed = Qcow2Image.open(file, false);
    assertFalse(ImageInfo.read(file).bitmaps().getFirst().inUse(), "nothing is written yet");
    write(killed, 0, 1);
    killed.flush();
    MemoryBlockFile left = file.copy();
    assertTrue(ImageInfo.read(left).bitmaps().getFirst().inUse());
    assertFalse(ImageInfo.read(left).bitmaps().getLast().inUse());
    try (Qcow2Image image = Qcow2Image.open(left, false)) {
      DirtyBitmaps bitmaps = image.bitmaps();
      refused(() -> bitmaps.dirtyRanges("follows"));
      refused(() -> bitmaps.clear("follows"));
      refused(() -> bitmaps.enable("follows"));
      refused(() -> bitmaps.disable("follows"));
      refused(() -> bitmaps.merge("still", bitmaps, "follows"));
      refused(() -> bitmaps.merge("follows", bitmaps, "still"));
      refused(() -> bitmaps.add("follows", 4096, true));
      refused(() -> image.resize(2 << 20));
      write(image, 0, 1);
      bitmaps.add("other", 4096, true);
      assertTrue(bitmaps.list().getFirst().inUse(), "what is lost stays so");
      bitmaps.remove("follows");
      image.resize(2 << 20);
    }
    assertEquals(
        List.of(
            new BitmapInfo("still", 4096, false, false, false),
            new BitmapInfo("other", 4096, true, false, false)),
        ImageInfo.read(left).bitmaps());
    ImageJudge.settledByCheck(left);
  }

  @FunctionalInterface
  private interface Call {
    void run() throws IOException;
  }

  private static void refused(Call call) {
    assertEquals(Code.BITMAP, assertThrows(Qcow2Exception.class, call::run).code());
  }

  @Test
  void aSizeChangesTheBitmapsAsQemuChangesThem() throws IOException {
    Path theirs = qemusImage("theirs.qcow2", 4096);
    Qemu.img("bitmap", "--add", "-g", "512", theirs, "map").orFail();
    MemoryBlockFile twin = MemoryBlockFile.load(theirs);
    Qemu.io(theirs, "write 1023k 1k", "write 200k 200k").orFail();
    for (String size : List.of("40M", "300k", "45M")) {
      Qemu.img("resize", "-q", "--shrink", theirs, size).orFail();
    }
    try (Qcow2Image image = Qcow2Image.open(twin, false)) {
      write(image, 1023 << 10, 1 << 10);
      write(image, 200 << 10, 200 << 10);
      for (long size : new long[] {40 << 20, 300 << 10, 45 << 20}) {
        image.resize(size);
      }
    }
    assertEquals(ranges(MemoryBlockFile.load(theirs), "map"), ranges(twin, "map"));
    assertEquals(List.of("204800+102400"), rangesByQemu(twin, "map"));
    ImageJudge.settledByCheck(twin);
  }

  @Test
  void snapshotsComeAndGoButApplyingOneIsRefusedAsQemuRefusesIt() throws IOException {
    MemoryBlockFile file = ours(4096);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("map", 4096, true);
      write(image, 0, 1);
      image.createSnapshot(new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0]));
      refused(() -> image.revertToSnapshot("s"));
      image.deleteSnapshot("s");
    }
    assertEquals(List.of("0+4096"), rangesByQemu(file, "map"));
  }

  @Test
  void lookingAtASnapshotOfAnOpenImageForgetsNothing() throws IOException {
    MemoryBlockFile file = ours(4096);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("map", 4096, true);
      image.createSnapshot(new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0]));
      write(image, 0, 1);
      assertEquals(List.of("0+4096"), ranges(image.openSnapshot("s"), "map"));
      write(image, 9000, 1);
    }
    assertEquals(List.of("0+4096", "8192+4096"), rangesByQemu(file, "map"));
  }

  @Test
  void anIteratorDoesNotOutliveTheBitsThatItReads() throws IOException {
    MemoryBlockFile file = ours(4096);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("map", 512, true);
      write(image, 0, 1);
      Iterator<DirtyRange> ranges = image.bitmaps().dirtyRanges("map");
      image.bitmaps().clear("map");
      assertThrows(ConcurrentModificationException.class, ranges::hasNext);
    }
  }

  @Test
  void bitmapsThatAnotherProgramHasWrittenPastAreNotThere() throws IOException {
    MemoryBlockFile file = ours(4096);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add("map", 512, true);
    }
    file.write(ByteBuffer.allocate(8), 88); // as a program does that does not know the bit
    assertEquals(List.of(), ImageInfo.read(file).bitmaps());
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      assertEquals(List.of(), image.bitmaps().list());
      image.bitmaps().add("new", 512, true);
    }
    ImageCheck.check(file, ImageCheck.Repair.LEAKS); // the old one's clusters
    assertEquals(List.of(), rangesByQemu(file, "new"));
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 65536})
  void theBackingFileNameMakesRoomForTheBitmaps(int clusterSize) throws IOException {
    String base = "b".repeat(clusterSize == 512 ? 200 : 250);
    MemoryBlockFile file = new MemoryBlockFile("backed");
    NewImage.create(
        file,
        CreateOptions.ofSize(1 << 20)
            .withClusterSize(clusterSize)
            .withBacking(BackingReference.raw(base)));
    BackingOpener opener = (_, _) -> new RawDisk(new MemoryBlockFile(base));
    try (Qcow2Image image = Qcow2Image.open(file, false, opener)) {
      image.bitmaps().add("map", 4096, true);
      write(image, 5000, 1);
    }
    assertEquals(base, ImageInfo.read(file).backing().orElseThrow().name());
    ImageJudge.settledByCheck(file);
    Path path = folder.resolve("backed.qcow2");
    file.store(path);
    Qemu.img("create", "-q", "-f", "raw", folder.resolve(base), "1M").orFail();
    String info = Qemu.img("info", path).orFail().output();
    assertTrue(info.contains("backing file: " + base) && info.contains("name: map"), info);
    Qemu.checkClean(path);
  }

  @Test
  void aHeaderWithoutRoomIsRefusedBeforeAnythingIsWritten() throws IOException {
    String base = "b".repeat(350);
    MemoryBlockFile file = new MemoryBlockFile("full");
    NewImage.create(
        file,
        CreateOptions.ofSize(1 << 20).withClusterSize(512).withBacking(BackingReference.raw(base)));
    BackingOpener opener = (_, _) -> new RawDisk(new MemoryBlockFile(base));
    try (Qcow2Image image = Qcow2Image.open(file, false, opener)) {
      MemoryBlockFile before = file.copy();
      Qcow2Exception refused =
          assertThrows(Qcow2Exception.class, () -> image.bitmaps().add("map", 4096, true));
      assertEquals(Code.UNSUPPORTED, refused.code());
      assertTrue(before.sameContent(file));
    }
  }

  @Test
  void mergingNeedsADiskOfTheSameSize() throws IOException {
    MemoryBlockFile file = ours(4096);
    MemoryBlockFile larger = new MemoryBlockFile("larger");
    NewImage.create(larger, CreateOptions.ofSize(2 << 20));
    try (Qcow2Image image = Qcow2Image.open(file, false);
        Qcow2Image other = Qcow2Image.open(larger, false)) {
      image.bitmaps().add("map", 4096, true);
      other.bitmaps().add("map", 4096, true);
      refused(() -> image.bitmaps().merge("map", other.bitmaps(), "map"));
      other.resize(1 << 20);
      write(other, 9000, 1);
      image.bitmaps().merge("map", other.bitmaps(), "map");
    }
    assertEquals(List.of("8192+4096"), rangesByQemu(file, "map"));
  }
}
