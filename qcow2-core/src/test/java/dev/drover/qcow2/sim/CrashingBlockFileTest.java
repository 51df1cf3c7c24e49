package dev.drover.qcow2.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.DiskFullException;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.InjectedException;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CrashingBlockFileTest {

  private final CrashingBlockFile disk = new CrashingBlockFile("disk");

  @Test
  void whatIsSyncedSurvivesAndTheRestMay() throws IOException {
    write(disk, 0, 1, 1024);
    disk.sync();
    write(disk, 0, 2, 1024);

    Set<String> seen = new HashSet<>();
    for (MemoryBlockFile after : disk.everyCrash()) {
      seen.add(after.bytes()[0] + "," + after.bytes()[512]);
    }
    assertEquals(Set.of("1,1", "1,2", "2,1", "2,2"), seen);
  }

  @Test
  void anIntermediateVersionCanSurvive() throws IOException {
    write(disk, 0, 1, 512);
    write(disk, 0, 2, 512);
    Set<Byte> seen = new HashSet<>();
    for (MemoryBlockFile after : disk.everyCrash()) {
      seen.add(after.length() == 0 ? -1 : after.bytes()[0]);
    }
    assertEquals(Set.of((byte) -1, (byte) 0, (byte) 1, (byte) 2), seen);
  }

  @Test
  void lengthIsUnsyncedStateOfItsOwn() throws IOException {
    write(disk, 512, 7, 512);
    assertEquals(4, disk.crashStates());
    assertEquals(0, disk.crash(Survival.NOTHING).length());
    MemoryBlockFile lengthOnly = disk.crash((item, versions) -> item == 1 ? 1 : 0);
    assertArrayEquals(new byte[1024], lengthOnly.bytes());
    MemoryBlockFile dataOnly = disk.crash((item, versions) -> item == 0 ? 1 : 0);
    assertEquals(0, dataOnly.length());
    dataOnly.setLength(1024);
    assertArrayEquals(new byte[1024], dataOnly.bytes());
  }

  @Test
  void truncationAndPunchAreUnsyncedToo() throws IOException {
    write(disk, 0, 9, 1536);
    disk.sync();
    disk.punch(0, 512);
    disk.setLength(1024);
    assertEquals(0, disk.crash(Survival.EVERYTHING).bytes()[0]);
    MemoryBlockFile old = disk.crash(Survival.NOTHING);
    assertEquals(1536, old.length());
    assertEquals(9, old.bytes()[0]);
    assertEquals(9, old.bytes()[1535]);
  }

  @Test
  void afterAFailedSyncNothingBecomesDurableUnlessWrittenAgain() throws IOException {
    write(disk, 0, 1, 1024);
    disk.sync();
    write(disk, 0, 2, 1024);
    FailingBlockFile failing = new FailingBlockFile(disk).failAt(1, Failure.EIO);
    assertThrows(InjectedException.class, failing::sync);
    assertEquals(2, byteAt(disk, 0));

    write(disk, 0, 2, 512);
    failing.sync();
    MemoryBlockFile worst = disk.crash(Survival.NOTHING);
    assertEquals(2, worst.bytes()[0], "written again, with the same bytes");
    assertEquals(1, worst.bytes()[512], "not written again");
    assertEquals(2, byteAt(disk, 512), "still readable");
  }

  @Test
  void anUnchangedSectorIsNoChoice() throws IOException {
    write(disk, 0, 1, 512);
    disk.sync();
    write(disk, 0, 1, 512);
    assertEquals(1, disk.crashStates());
  }

  @Test
  void aSeedGivesTheSameStatesAgain() throws IOException {
    disk.setLength(512 * 100);
    disk.sync();
    write(disk, 0, 1, 512 * 100);
    assertEquals(sample(5), sample(5));
    assertEquals(10, new HashSet<>(sample(5)).size());
  }

  private Set<Integer> sample(long seed) {
    Set<Integer> hashes = new HashSet<>();
    for (MemoryBlockFile after : disk.sampledCrashes(new SplittableRandom(seed), 10)) {
      hashes.add(Arrays.hashCode(after.bytes()));
    }
    return hashes;
  }

  @Test
  void everyKindOfFailureLeavesWhatItSays() throws IOException {
    FailingBlockFile failing = new FailingBlockFile(disk);
    failing.failAt(1, Failure.EIO);
    assertThrows(InjectedException.class, () -> write(failing, 0, 1, 1024));
    assertEquals(0, disk.length());

    failing.failAt(2, Failure.ENOSPC);
    write(failing, 0, 1, 512);
    assertThrows(DiskFullException.class, () -> write(failing, 512, 1, 512));
    assertEquals(512, disk.length());

    failing.failNext(io -> io.kind() == Kind.WRITE, Failure.SHORT_WRITE);
    assertThrows(InjectedException.class, () -> write(failing, 0, 3, 1024));
    assertEquals(3, byteAt(disk, 507));
    assertEquals(1, byteAt(disk, 508));

    failing.failNext(io -> io.kind() == Kind.SYNC, Failure.EIO_AFTER);
    assertThrows(InjectedException.class, failing::sync);
    assertEquals(1, disk.crashStates());

    failing.failFrom(1, Failure.EIO);
    assertThrows(InjectedException.class, failing::sync);
    assertThrows(InjectedException.class, () -> byteAt(failing, 0));
    failing.heal();
    assertEquals(3, byteAt(failing, 0));
    assertEquals(6, failing.failures());
    assertEquals("WRITE 0+1024", failing.trace().getFirst().toString());
  }

  @Test
  void aMemoryFileIsSparseAndCopiesAreIndependent() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("big");
    long far = 3L << 40;
    write(file, far, 5, 100);
    assertEquals(far + 100, file.length());
    MemoryBlockFile copy = file.copy();
    assertTrue(copy.sameContent(file));
    copy.setLength(far + 50);
    copy.setLength(far + 100);
    assertEquals(5, byteAt(copy, far + 49));
    assertEquals(0, byteAt(copy, far + 50));
    assertEquals(5, byteAt(file, far + 50));
    assertFalse(copy.sameContent(file));
  }

  private static void write(BlockFile file, long offset, int value, int length) throws IOException {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    file.write(ByteBuffer.wrap(bytes), offset);
  }

  private static int byteAt(BlockFile file, long offset) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    file.read(one, offset);
    return one.get(0);
  }
}
