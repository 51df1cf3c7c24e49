package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.EveryChoice;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * Ways in which a qcow2 driver can lose data that QEMU's own has shown; here they do not. Those of
 * compressed writes are in {@link CompressedWriteTest}.
 */
final class QemuHazardsTest {

  private static final int CLUSTER = 512;

  /** Guest bytes under one L2 table. */
  private static final int SPAN = CLUSTER / 8 * CLUSTER;

  private static final int DISK = 4 * SPAN;
  private static final CoreOptions BOUNDS = SmallImages.bounds(CLUSTER, 4, 1);

  private static ByteBuffer bytes(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  private static MemoryBlockFile create() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("hazard.qcow2");
    Qcow2Image.create(file, CreateOptions.ofSize(DISK).withClusterSize(CLUSTER)).close();
    return file;
  }

  private static Qcow2Image open(dev.drover.qcow2.io.BlockFile file) throws IOException {
    return SmallImages.open(file, BackingOpener.REFUSE, BOUNDS);
  }

  private static void reads(Qcow2Image image, long at, int length, int value) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(length);
    image.read(new GuestOffset(at), read);
    assertEquals(bytes(value, length), read.flip(), "at " + at);
  }

  /** R2: what memory still has of a freed table must never reach the cluster's next owner. */
  @Test
  void aTableThatCouldNotBeWrittenAndIsFreedThenLeavesItsClusterToTheNextOwner()
      throws IOException {
    MemoryBlockFile disk = create();
    FailingBlockFile file = new FailingBlockFile(disk);
    try (Qcow2Image image = open(file)) {
      image.createSnapshot(
          new SnapshotSpec(new UUID(0, 1), "empty", Instant.ofEpochSecond(1), new byte[0]));
      image.write(new GuestOffset(0), bytes(1, 4 * CLUSTER));
      image.flush();
      long table = firstTable(disk);
      file.failEvery(io -> io.kind() == Kind.WRITE && touches(io, table), Failure.EIO);
      GuestOffset behind = new GuestOffset(20 * CLUSTER);
      assertThrows(IOException.class, () -> image.write(behind, bytes(2, 4 * CLUSTER)));
      file.heal();
      image.revertToSnapshot("empty"); // frees the table, and what hung on it
      for (int n = 0; n < 60; n++) {
        image.write(new GuestOffset(SPAN + n * CLUSTER), bytes(10 + n, CLUSTER));
      }
      image.flush();
      image.write(new GuestOffset(3L * SPAN), bytes(3, CLUSTER)); // another table takes the cache
      image.flush();
    }
    ImageJudge.settled(disk);
    try (Qcow2Image image = open(disk)) {
      for (int n = 0; n < 60; n++) {
        reads(image, SPAN + n * CLUSTER, CLUSTER, 10 + n);
      }
      reads(image, 0, 30 * CLUSTER, 0);
    }
  }

  private static boolean touches(Io io, long cluster) {
    return io.offset() < cluster + CLUSTER && cluster < io.offset() + io.length();
  }

  private static long firstTable(MemoryBlockFile disk) throws IOException {
    Header header = Header.read(disk);
    return L1Entry.offset(PointerTable.read(disk, header.l1().offset(), 1)[0]);
  }

  /** R3: after a failed flush the disk may or may not have the L1 entry: its table stays. */
  @Test
  void aTableWhoseLinkMayBeOnTheDiskIsNotGivenToAnother() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    int failures = 0;
    for (long n = 1; n < 40; n++) {
      CrashingBlockFile disk = CrashingBlockFile.of(create());
      FailingBlockFile file = new FailingBlockFile(disk);
      Qcow2Image image = open(file);
      file.failAt(n, Failure.EIO);
      try {
        image.write(new GuestOffset(0), bytes(1, CLUSTER));
        image.flush();
      } catch (IOException e) {
        failures++;
      }
      file.heal();
      for (int span = 1; span < 4; span++) { // who would take a freed table's cluster
        image.write(new GuestOffset((long) span * SPAN), bytes(span + 1, 8 * CLUSTER));
        judge(disk, random);
      }
      image.flush();
      judge(disk, random);
      for (int span = 1; span < 4; span++) {
        reads(image, (long) span * SPAN, 8 * CLUSTER, span + 1);
      }
      image.close();
      ImageJudge.settled(disk.crash(CrashingBlockFile.Survival.NOTHING));
    }
    assertTrue(failures > 5, "failed " + failures + " times");
  }

  /** No cluster with two owners, whatever the power cut leaves. */
  private static void judge(CrashingBlockFile disk, SplittableRandom random) throws IOException {
    for (MemoryBlockFile left : disk.sampledCrashes(random, 6)) {
      ImageJudge.neverUndercounted(left);
    }
  }

  /** R5: a discard meets a write in flight to the same cluster. */
  @Test
  void aDiscardAndAWriteInFlightOfOneClusterEndAsOneOfThem() throws Exception {
    long orders = 0;
    for (Request write :
        List.of(
            new Request.Write(1, 2, 2), new Request.Write(1, 3, 1), new Request.Packed(1, 2, 2))) {
      for (MemoryBlockFile image : List.of(RequestImages.owned(), RequestImages.shared())) {
        EveryChoice every = new EveryChoice(2);
        do {
          new RequestRig(image, every)
              .run(List.of(List.of(write), List.of(new Request.Discard(2, 2))))
              .judgeClosed();
          orders++;
        } while (every.next());
      }
    }
    System.out.println("discard against write: " + orders + " orders");
  }
}
