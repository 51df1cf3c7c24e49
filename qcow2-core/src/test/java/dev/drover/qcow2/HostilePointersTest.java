package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** I-13: a bad pointer is an error with a place, and from then on nothing is written. */
final class HostilePointersTest {

  private static final int CLUSTER = 4096;

  private MemoryBlockFile file;
  private Header header;
  private long l2;

  @BeforeEach
  void makeAnImageWithOneCluster() throws IOException {
    file = new MemoryBlockFile("hostile.qcow2");
    Qcow2Image.create(file, CreateOptions.ofSize(1 << 20).withClusterSize(CLUSTER)).close();
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.write(new GuestOffset(0), ByteBuffer.allocate(CLUSTER).put(0, (byte) 1));
    }
    header = Header.read(file);
    l2 = L1Entry.offset(longAt(header.l1().offset().bytes()));
  }

  private long longAt(long at) {
    ByteBuffer entry = ByteBuffer.allocate(8);
    file.read(entry, at);
    return entry.getLong(0);
  }

  private void put(long at, long value) {
    file.write(ByteBuffer.allocate(8).putLong(0, value), at);
  }

  private List<Long> badTargets() {
    return List.of(
        0x1000_0000L, // behind the end of the file
        l2 + 512, // not aligned
        header.refcountTable().offset().bytes(),
        header.l1().offset().bytes(),
        longAt(header.refcountTable().offset().bytes()), // a refcount block
        1L << 55 & -CLUSTER);
  }

  /** To who writes there first, and to who reads there first. */
  private void refused() throws IOException {
    MemoryBlockFile before = file.copy();
    for (int length : List.of(10, CLUSTER)) {
      writeIsRefused(image -> image.write(new GuestOffset(0), ByteBuffer.allocate(length)));
      writeIsRefused(image -> image.writeZeroes(new GuestOffset(0), length, true));
    }
    writeIsRefused(image -> image.discard(new GuestOffset(0), CLUSTER));
    assertTrue(file.sameContent(before), "nothing was written");
    readIsRefused(before);
  }

  private interface Change {
    void on(Qcow2Image image) throws IOException;
  }

  private void writeIsRefused(Change change) throws IOException {
    Qcow2Image image = Qcow2Image.open(file, false);
    Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> change.on(image));
    assertEquals(Code.CORRUPT, e.code());
  }

  private void readIsRefused(MemoryBlockFile before) throws IOException {
    Qcow2Image image = Qcow2Image.open(file, false);
    ByteBuffer bytes = ByteBuffer.allocate(10);
    GuestOffset start = new GuestOffset(0);
    Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> image.read(start, bytes));
    assertEquals(Code.CORRUPT, e.code());
    assertTrue(e.imageOffset() >= 0);
    Qcow2Exception onWrite =
        assertThrows(
            Qcow2Exception.class,
            () -> image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(10)));
    assertEquals(Code.CORRUPT, onWrite.code());
    assertTrue(file.sameContent(before), "nothing was written");
  }

  @Test
  void anL2TableThatCannotBeOneIsRefused() throws IOException {
    for (long target : badTargets()) {
      put(header.l1().offset().bytes(), target | L1Entry.COPIED);
      refused();
    }
  }

  @Test
  void aDataClusterThatCannotBeOneIsRefused() throws IOException {
    for (long target : badTargets()) {
      put(l2, target | L2Entry.COPIED_FLAG);
      refused();
    }
    put(l2, l2 | L2Entry.COPIED_FLAG); // the L2 table itself
    refused();
  }

  @Test
  void reservedBitsAreRefused() throws IOException {
    put(l2, longAt(l2) | 1L << 60);
    refused();
  }

  @Test
  void compressedDataOutsideOfTheFileIsRefused() throws IOException {
    put(l2, L2Entry.compressed(0x1000_0000L, 512, header.clusterBits()).descriptor());
    refused();
  }

  @Test
  void aRefcountBlockThatCannotBeOneFailsTheFirstAllocation() throws IOException {
    for (long target : List.of(0x1000_0000L, l2 + 512, header.l1().offset().bytes())) {
      makeAnImageWithOneCluster();
      put(header.refcountTable().offset().bytes(), target);
      Qcow2Image image = Qcow2Image.open(file, false);
      Qcow2Exception e =
          assertThrows(
              Qcow2Exception.class,
              () -> image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(10)));
      assertEquals(Code.CORRUPT, e.code());
    }
  }

  @Test
  void aRefcountBlockOfTwoEntriesFailsTheFirstAllocation() throws IOException {
    long table = header.refcountTable().offset().bytes();
    put(table + 8, longAt(table));
    Qcow2Image image = Qcow2Image.open(file, false);
    Qcow2Exception e =
        assertThrows(
            Qcow2Exception.class,
            () -> image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(500_000)));
    assertEquals(Code.CORRUPT, e.code());
    assertEquals(longAt(table), e.imageOffset());
  }

  @Test
  void aSnapshotOfADiskThatCannotBeIsLeftAloneAndMayBeDeleted() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.createSnapshot(new SnapshotSpec(new UUID(0, 1), "s", Instant.EPOCH, new byte[0]));
    }
    for (long size : List.of(-1L, Long.MAX_VALUE, (1L << 43) + 512)) {
      put(Header.read(file).snapshots().offset().bytes() + 48, size);
      MemoryBlockFile before = file.copy();
      try (Qcow2Image image = Qcow2Image.open(file, false)) {
        for (Change use : List.<Change>of(i -> i.openSnapshot("s"), i -> i.revertToSnapshot("1"))) {
          Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> use.on(image));
          assertEquals(Code.CORRUPT, e.code());
        }
      }
      assertTrue(file.sameContent(before), "nothing was written");
    }
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.deleteSnapshot("s");
    }
    assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anImageKnownToBeBadIsMarkedCorruptWhenItIsClosed(boolean foundByWriting) throws IOException {
    put(l2, l2 + 512 | L2Entry.COPIED_FLAG);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(10));
      ByteBuffer bytes = ByteBuffer.allocate(10);
      assertThrows(
          Qcow2Exception.class,
          () -> {
            if (foundByWriting) {
              image.write(GuestOffset.ZERO, bytes);
            } else {
              image.read(GuestOffset.ZERO, bytes);
            }
          });
    }
    assertTrue(Header.read(file).features().isDirty());
    assertTrue(Header.read(file).features().isCorrupt());
    Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> Qcow2Image.open(file, false));
    assertEquals(Code.CORRUPT, e.code());
    Qcow2Image.open(file, true).close();
  }

  @Test
  void aTableThatItsRefcountCallsFreeIsNotTakenForData() throws IOException {
    long block = longAt(header.refcountTable().offset().bytes());
    for (long table : List.of(l2, header.l1().offset().bytes(), block)) {
      makeAnImageWithOneCluster();
      file.write(ByteBuffer.allocate(2), block + 2 * (table / CLUSTER));
      MemoryBlockFile before = file.copy();
      Qcow2Image image = Qcow2Image.open(file, false);
      Qcow2Exception e =
          assertThrows(
              Qcow2Exception.class,
              () -> image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(10)));
      assertEquals(Code.CORRUPT, e.code());
      assertEquals(table, e.imageOffset());
      put(72, 0); // that it may not be clean is durable before anything changes
      assertTrue(file.sameContent(before), "nothing was written");
    }
  }

  @Test
  void clustersThatAreCountedBehindTheEndOfACutFileAreNotTaken() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.write(new GuestOffset(CLUSTER), ByteBuffer.allocate(CLUSTER).put(0, (byte) 1));
    }
    file.setLength(longAt(l2 + 8) & ~L2Entry.COPIED_FLAG);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(CLUSTER).put(0, (byte) 2));
      image.createSnapshot(new SnapshotSpec(new UUID(0, 1), "s", Instant.EPOCH, new byte[0]));
    }
    ByteBuffer lost = ByteBuffer.allocate(1);
    try (Qcow2Image image = Qcow2Image.open(file, true)) {
      image.read(new GuestOffset(CLUSTER), lost);
    }
    assertEquals(0, lost.get(0), "somebody else's bytes");
    assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean());
  }

  @Test
  void whatWasSetAsideStaysWhereItIsWhenABadPointerShows() throws IOException {
    put(l2, l2 + 512 | L2Entry.COPIED_FLAG);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.write(new GuestOffset(1 << 19), ByteBuffer.allocate(10));
      assertThrows(
          Qcow2Exception.class, () -> image.read(GuestOffset.ZERO, ByteBuffer.allocate(10)));
      MemoryBlockFile before = file.copy();
      image.flush();
      assertTrue(file.sameContent(before), "nothing was written");
    }
  }

  @Test
  void aSnapshotThatMeetsABadPointerWritesNoRefcounts() throws IOException {
    put(l2 + 8, l2 + 512 | L2Entry.COPIED_FLAG); // behind a good one, which is counted first
    long block = longAt(header.refcountTable().offset().bytes());
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      SnapshotSpec spec = new SnapshotSpec(new UUID(0, 1), "s", Instant.EPOCH, new byte[0]);
      assertThrows(Qcow2Exception.class, () -> image.createSnapshot(spec));
    }
    ByteBuffer refcount = ByteBuffer.allocate(2);
    file.read(refcount, block + 2 * (l2 / CLUSTER));
    assertEquals(1, refcount.getShort(0));
  }

  @Test
  void noPlaceIsGivenInARawDataFileWhereAnEntrySaysThatItIsElsewhere() throws IOException {
    MemoryBlockFile data = new MemoryBlockFile("data");
    file = new MemoryBlockFile("hostile.qcow2");
    CreateOptions options = CreateOptions.ofSize(1 << 20).withClusterSize(CLUSTER);
    Qcow2Image.create(file, data, options.withDataFile("data", true)).close();
    put(L1Entry.offset(longAt(Header.read(file).l1().offset().bytes())), 1L << 40 | 1);
    BackingOpener gate =
        new BackingOpener() {
          @Override
          public GuestDisk open(String image, BackingReference reference) throws IOException {
            return REFUSE.open(image, reference);
          }

          @Override
          public BlockFile openData(String image, String name, boolean readOnly) {
            return data;
          }
        };
    Qcow2Image image = Qcow2Image.open(file, false, gate);
    Qcow2Exception e =
        assertThrows(
            Qcow2Exception.class,
            () -> image.write(GuestOffset.ZERO, ByteBuffer.allocate(CLUSTER)));
    assertEquals(Code.CORRUPT, e.code());
    assertEquals(1 << 20, data.length(), "the data file is as it was");
  }

  @Test
  void aDiskThatEndsWithinASectorIsCommitted() throws IOException {
    MemoryBlockFile below = new MemoryBlockFile("below.raw");
    below.setLength(CLUSTER);
    file = new MemoryBlockFile("hostile.qcow2");
    NewImage.create(
        file,
        CreateOptions.ofSize(3 * CLUSTER)
            .withClusterSize(CLUSTER)
            .withBacking(BackingReference.raw("below.raw")));
    put(24, CLUSTER + 100); // the disk's size
    RawDisk base = new RawDisk(below);
    try (Qcow2Image image = Qcow2Image.open(file, false, (name, reference) -> base)) {
      image.write(new GuestOffset(CLUSTER + 99), ByteBuffer.allocate(1).put(0, (byte) 5));
      ImageCommit.commit(image, base, bytes -> {});
    }
    ByteBuffer last = ByteBuffer.allocate(1);
    below.read(last, CLUSTER + 99);
    assertEquals(5, last.get(0));
    assertEquals(CLUSTER + 512, below.length());
  }
}
