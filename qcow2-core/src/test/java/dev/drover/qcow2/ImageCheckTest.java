package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.check.ReferenceCount;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@RequiresTools({"qemu-img", "qemu-io"})
final class ImageCheckTest {

  private static final Map<String, MemoryBlockFile> GUEST_IMAGES = new HashMap<>();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"512", "4k", "64k", "2M"})
  void countsWhatQemuImgCounts(String clusterSize) throws IOException {
    MemoryBlockFile image = guestImage(clusterSize);
    sameAsQemuImg(image);
    CheckReport report = ImageCheck.check(image, Repair.NONE);
    assertTrue(report.isClean(), report::toString);
    assertTrue(report.allocatedClusters() > 0);
    assertEquals(0, report.overlaps());
  }

  @ParameterizedTest
  @ValueSource(strings = {"zlib", "zstd"})
  void countsEveryClusterThatACompressedStreamTouches(String type) throws IOException {
    for (String clusterSize : List.of("4k", "64k")) {
      Path source = folder.resolve("source.qcow2");
      guestImage("64k").store(source);
      Path packed = folder.resolve("packed.qcow2");
      String options = "compression_type=" + type + ",cluster_size=" + clusterSize;
      Qemu.img("convert", "-c", "-O", "qcow2", "-o", options, source, packed).orFail();
      MemoryBlockFile image = MemoryBlockFile.load(packed);
      sameAsQemuImg(image);
      assertTrue(ImageCheck.check(image, Repair.NONE).compressedClusters() > 0);
    }
  }

  @Test
  void countsBitmaps() throws IOException {
    Path path = folder.resolve("bitmaps.qcow2");
    guestImage("64k").store(path);
    Qemu.img("bitmap", "--add", path, "first").orFail();
    Qemu.img("bitmap", "--add", "-g", "512", path, "second").orFail();
    Qemu.io(path, "write 0 1M").orFail();
    MemoryBlockFile image = MemoryBlockFile.load(path);
    sameAsQemuImg(image);
    assertTrue(ImageCheck.check(image, Repair.NONE).isClean());
  }

  @Test
  void anEmptyImageIsClean() throws IOException {
    for (int clusterSize : new int[] {512, 65536}) {
      MemoryBlockFile image = new MemoryBlockFile("empty.qcow2");
      NewImage.create(image, CreateOptions.ofSize(1 << 20).withClusterSize(clusterSize));
      sameAsQemuImg(image);
      assertEquals(0, ImageCheck.check(image, Repair.NONE).exitCode());
    }
  }

  @Test
  void aRaisedRefcountIsALeakAndRepaired() throws IOException {
    MemoryBlockFile image = guestImage("4k");
    Header header = Header.read(image);
    long cluster = image.length() / 4096 - 1;
    setRefcount(image, cluster, storedRefcount(image, cluster) + 1);
    setRefcount(image, cluster - 9, storedRefcount(image, cluster - 9) + 3);
    image.write(
        header.withFeatures(header.features().withDirty(true).withReplica(true)).encodeFields(), 0);
    sameAsQemuImg(image);
    CheckReport found = ImageCheck.check(image, Repair.NONE);
    assertEquals(2, found.leaks());

    CheckReport repaired = ImageCheck.check(image, Repair.LEAKS);
    assertTrue(repaired.isClean(), repaired::toString);
    assertEquals(2, repaired.leaksFixed());
    assertEquals(0, repaired.corruptionsFixed(), "the flags were right all along");
    assertFalse(Header.read(image).features().isDirty());
    assertFalse(Header.read(image).features().isReplica(), "whoever repairs has written");
    sameAsQemuImg(image);
  }

  @Test
  void leaksAloneExitWithThree() throws IOException {
    MemoryBlockFile image = new MemoryBlockFile("leak.qcow2");
    NewImage.create(image, CreateOptions.ofSize(1 << 20));
    image.setLength(7 << 16);
    setRefcount(image, 5, 1);
    setRefcount(image, 100, 1); // behind the end of the file: qemu-img does not look there
    sameAsQemuImg(image);
    CheckReport report = ImageCheck.check(image, Repair.NONE);
    assertEquals(3, report.exitCode());
    assertEquals(1, report.leaks());
    assertEquals(6 << 16, report.imageEndOffset());
    ImageCheck.check(image, Repair.LEAKS);
    assertEquals(0, storedRefcount(image, 5));
    assertEquals(0, storedRefcount(image, 100));
  }

  @Test
  void aRefcountThatIsTooLowIsCorruptionAndLeftAlone() throws IOException {
    MemoryBlockFile image = guestImage("64k");
    long data = L2Entry.OFFSET_MASK & firstL2Entry(image);
    setRefcount(image, data >>> 16, 0);
    sameAsQemuImg(image);
    MemoryBlockFile before = image.copy();
    Qcow2Exception e =
        assertThrows(Qcow2Exception.class, () -> ImageCheck.check(image, Repair.LEAKS));
    assertEquals(Qcow2Exception.Code.CORRUPT, e.code());
    assertTrue(before.sameContent(image));
    assertTrue(ImageCheck.check(image, Repair.ALL).isClean());
  }

  @Test
  void aWrongCopiedFlagIsCorruptionThatLeakRepairCorrects() throws IOException {
    MemoryBlockFile image = guestImage("64k");
    Header header = Header.read(image);
    long at = header.l1().offset().bytes();
    long entry = PointerTable.read(image, header.l1().offset(), 1)[0];
    image.write(ByteBuffer.allocate(8).putLong(0, entry ^ L1Entry.COPIED), at);
    sameAsQemuImg(image);
    assertEquals(1, ImageCheck.check(image, Repair.NONE).corruptions());
    CheckReport repaired = ImageCheck.check(image, Repair.LEAKS);
    assertEquals(0, repaired.exitCode());
    assertEquals(1, repaired.corruptionsFixed());
    sameAsQemuImg(image);
  }

  @Test
  void twoStructuresInOneClusterAreAnOverlapEvenWithTheRefcountToMatch() throws IOException {
    MemoryBlockFile image = guestImage("64k");
    Header header = Header.read(image);
    long l2 = L1Entry.offset(PointerTable.read(image, header.l1().offset(), 1)[0]);
    long l1Cluster = header.l1().offset().bytes();
    long old = firstL2Entry(image) & L2Entry.OFFSET_MASK;
    image.write(ByteBuffer.allocate(8).putLong(0, l1Cluster), l2);
    setRefcount(image, l1Cluster >>> 16, 2);
    setRefcount(image, old >>> 16, storedRefcount(image, old >>> 16) - 1);
    CheckReport report = ImageCheck.check(image, Repair.NONE);
    assertTrue(report.overlaps() > 0);
    assertEquals(2, report.exitCode());
    assertEquals(Kind.OVERLAP, report.findings().getFirst().kind());
  }

  @Test
  void oneHostClusterForTwoGuestClustersIsNoticed() throws IOException {
    MemoryBlockFile image = new MemoryBlockFile("shared.qcow2");
    NewImage.create(image, CreateOptions.ofSize(1 << 20));
    long l2 = 4 << 16;
    image.setLength(6 << 16);
    ByteBuffer entries = ByteBuffer.allocate(16).putLong(5 << 16).putLong(5 << 16).flip();
    image.write(entries, l2);
    long l1 = Header.read(image).l1().offset().bytes();
    image.write(ByteBuffer.allocate(8).putLong(0, L1Entry.of(l2, true)), l1);
    setRefcount(image, 4, 1);
    setRefcount(image, 5, 2);
    CheckReport report = ImageCheck.check(image, Repair.NONE);
    assertTrue(report.isClean(), report::toString);
    assertEquals(1, report.sharedInActiveTable());
  }

  @Test
  void referencesAreCountedPerCluster() throws IOException {
    MemoryBlockFile image = guestImage("64k");
    Header header = Header.read(image);
    ReferenceCount count = ReferenceCount.of(image, header, SnapshotTable.read(image, header));
    assertEquals(1, count.references(0));
    for (long cluster = 0; cluster < count.clustersOfFile(); cluster++) {
      assertEquals(storedRefcount(image, cluster), count.references(cluster));
    }
    assertEquals(0, count.references(1L << 40));
  }

  @Test
  void whatCantBeReadIsAnErrorAndNeverALeak() throws IOException {
    MemoryBlockFile image = guestImage("4k");
    FailingBlockFile counting = new FailingBlockFile(image);
    ImageCheck.check(counting, Repair.NONE);
    for (long n = 1; n <= counting.ios(); n++) {
      FailingBlockFile failing = new FailingBlockFile(image).failAt(n, Failure.EIO);
      assertThrows(IOException.class, () -> ImageCheck.check(failing, Repair.NONE));
    }
  }

  @Test
  void agreesWithQemuImgOnImagesThatSomebodyDamaged() throws IOException {
    SplittableRandom random = new SplittableRandom(2);
    MemoryBlockFile good = guestImage("4k");
    Header header = Header.read(good);
    long l1 = header.l1().offset().bytes();
    long l2 = L1Entry.offset(PointerTable.read(good, header.l1().offset(), 1)[0]);
    long block = RefcountTable.offset(RefcountTable.read(good, header)[0]);
    for (int run = 0; run < 60; run++) {
      MemoryBlockFile image = good.copy();
      for (int n = random.nextInt(1, 4); n > 0; n--) {
        long place =
            switch (random.nextInt(3)) {
              case 0 -> l2 + 8L * random.nextInt(0, 40);
              case 1 -> l1;
              default -> block + 2L * random.nextInt(0, 100);
            };
        flipBit(image, place, random);
      }
      sameAsQemuImg(image);
    }
  }

  /** Within a byte that is neither reserved nor decides whether an entry is there at all. */
  private static void flipBit(MemoryBlockFile image, long place, SplittableRandom random) {
    long at = place + (place % 8 == 0 ? random.nextInt(8) : random.nextInt(2));
    ByteBuffer one = ByteBuffer.allocate(1);
    image.read(one, at);
    one.put(0, (byte) (one.get(0) ^ 1 << random.nextInt(8)));
    image.write(one.flip(), at);
  }

  /** An image with data, zeroes, holes and two snapshots; made once, a copy for each test. */
  private MemoryBlockFile guestImage(String clusterSize) throws IOException {
    MemoryBlockFile made = GUEST_IMAGES.get(clusterSize);
    if (made == null) {
      made = makeGuestImage(clusterSize);
      GUEST_IMAGES.put(clusterSize, made);
    }
    return made.copy();
  }

  private MemoryBlockFile makeGuestImage(String clusterSize) throws IOException {
    Path path = folder.resolve("guest.qcow2");
    Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=" + clusterSize, path, "8M").orFail();
    Qemu.io(path, "write -P 1 0 100k", "write -P 2 1M 70k", "write -z 2M 200k").orFail();
    Qemu.img("snapshot", "-c", "one", path).orFail();
    Qemu.io(path, "write -P 3 30k 20k", "discard 1M 64k", "write -P 4 7M 10k").orFail();
    Qemu.img("snapshot", "-c", "two", path).orFail();
    Qemu.io(path, "write -z -u 0 64k", "write -P 5 4M 300k").orFail();
    return MemoryBlockFile.load(path);
  }

  private void sameAsQemuImg(MemoryBlockFile image) throws IOException {
    Path path = folder.resolve("judged.qcow2");
    image.store(path);
    Qemu.Result theirs = Qemu.img("check", "-f", "qcow2", "--output=json", path);
    CheckReport ours = ImageCheck.check(image, Repair.NONE);
    String both = theirs.output() + "\n" + ours;
    assertEquals(theirs.number("check-errors"), ours.checkErrors(), both);
    assertEquals(theirs.number("corruptions"), ours.corruptions(), both);
    assertEquals(theirs.number("leaks"), ours.leaks(), both);
    assertEquals(theirs.number("image-end-offset"), ours.imageEndOffset(), both);
    assertEquals(theirs.number("total-clusters"), ours.totalClusters(), both);
    assertEquals(theirs.number("allocated-clusters"), ours.allocatedClusters(), both);
    assertEquals(theirs.number("fragmented-clusters"), ours.fragmentedClusters(), both);
    assertEquals(theirs.number("compressed-clusters"), ours.compressedClusters(), both);
    if (ours.overlaps() == 0) {
      assertEquals(theirs.exitCode(), ours.exitCode(), both);
    }
  }

  private static long firstL2Entry(MemoryBlockFile image) throws IOException {
    Header header = Header.read(image);
    long l2 = L1Entry.offset(PointerTable.read(image, header.l1().offset(), 1)[0]);
    return PointerTable.read(image, new HostOffset(l2), 1)[0];
  }

  private static int storedRefcount(MemoryBlockFile image, long cluster) throws IOException {
    ByteBuffer two = ByteBuffer.allocate(2);
    image.read(two, refcountAt(image, cluster));
    return two.getShort(0) & 0xFFFF;
  }

  private static void setRefcount(MemoryBlockFile image, long cluster, int refcount)
      throws IOException {
    image.write(ByteBuffer.allocate(2).putShort(0, (short) refcount), refcountAt(image, cluster));
  }

  private static long refcountAt(MemoryBlockFile image, long cluster) throws IOException {
    Header header = Header.read(image);
    long entry =
        RefcountTable.read(image, header)[
            (int) RefcountTable.tableIndex(cluster, header.geometry())];
    return RefcountTable.offset(entry) + 2L * RefcountTable.blockIndex(cluster, header.geometry());
  }
}
