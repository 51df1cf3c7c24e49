package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Which freed clusters have their space punched: by why they were freed, as QEMU tells them. */
final class PassDiscardTest {

  private static final int CLUSTER = 512;

  private FailingBlockFile watched;

  private Qcow2Image image(DiscardClass... passed) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("passed.qcow2");
    watched = new FailingBlockFile(file);
    Qcow2Image.create(file, CreateOptions.ofSize(64 * CLUSTER).withClusterSize(CLUSTER)).close();
    CoreOptions bounds =
        new CoreOptions(
            4 * CLUSTER, 4 * CLUSTER, 4 * CLUSTER, new PassDiscard(Set.of(passed)), false);
    return Qcow2Image.open(watched, false, BackingOpener.REFUSE, bounds);
  }

  private static void write(Qcow2Image image, int cluster, int clusters) throws IOException {
    byte[] bytes = new byte[clusters * CLUSTER];
    Arrays.fill(bytes, (byte) 7);
    image.write(new GuestOffset((long) cluster * CLUSTER), ByteBuffer.wrap(bytes));
  }

  private long punches() {
    return watched.trace().stream().filter(io -> io.kind() == Kind.PUNCH).count();
  }

  /** Frees two clusters at the guest's request. */
  private long punchesOfADiscard(DiscardClass... passed) throws IOException {
    try (Qcow2Image image = image(passed)) {
      write(image, 0, 4); // exactly the window, with its table
      image.flush();
      long before = punches();
      image.discard(new GuestOffset(0), 2 * CLUSTER);
      image.flush();
      return punches() - before;
    }
  }

  @Test
  void aDiscardIsPassedOnAsARequest() throws IOException {
    assertEquals(1, punchesOfADiscard(DiscardClass.REQUEST));
  }

  @Test
  void aDiscardIsNothingElse() throws IOException {
    assertEquals(0, punchesOfADiscard(DiscardClass.SNAPSHOT, DiscardClass.OTHER));
  }

  private long punchesOfADeletedSnapshot(DiscardClass... passed) throws IOException {
    try (Qcow2Image image = image(passed)) {
      write(image, 0, 3);
      image.createSnapshot(new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0]));
      write(image, 0, 3);
      image.flush();
      long before = punches();
      image.deleteSnapshot("s");
      return punches() - before;
    }
  }

  @Test
  void aDeletedSnapshotIsPassedOnAsOne() throws IOException {
    assertEquals(0, punchesOfADeletedSnapshot(DiscardClass.REQUEST, DiscardClass.OTHER));
    assertTrue(punchesOfADeletedSnapshot(DiscardClass.SNAPSHOT) > 0);
  }

  private long punchesOfAnUndoneWrite(DiscardClass... passed) throws IOException {
    try (Qcow2Image image = image(passed)) {
      watched.failNext(io -> io.kind() == Kind.WRITE && io.length() == CLUSTER, Failure.EIO);
      try {
        write(image, 0, 1);
      } catch (IOException e) {
        long before = punches();
        image.flush();
        return punches() - before;
      }
    }
    throw new AssertionError("nothing failed");
  }

  @Test
  void anUndoneAllocationCountsAsOther() throws IOException {
    assertEquals(1, punchesOfAnUndoneWrite(DiscardClass.OTHER));
    assertEquals(0, punchesOfAnUndoneWrite(DiscardClass.REQUEST, DiscardClass.SNAPSHOT));
  }
}
