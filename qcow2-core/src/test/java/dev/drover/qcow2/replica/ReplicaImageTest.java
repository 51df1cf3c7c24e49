package dev.drover.qcow2.replica;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a replica does when nothing goes wrong. */
final class ReplicaImageTest {

  private static final int CLUSTER = 4096;

  /** The lowest byte of the incompatible features. */
  private static final int DIRTY_BIT_BYTE = 79;

  private final FailingBlockFile file = new FailingBlockFile(new MemoryBlockFile("r.qcow2"));

  private static byte[] payload(int n) {
    return new byte[] {(byte) n, 1, 2};
  }

  private static GuestChange write(long offset, int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return new GuestChange.Write(new GuestOffset(offset), ByteBuffer.wrap(bytes));
  }

  private static void apply(ReplicaImage image, int n, GuestChange... changes) throws IOException {
    Batch batch = image.begin(List.of(changes));
    batch.allocate();
    batch.writeData();
    batch.barrier();
    batch.link();
    image.commit(payload(n));
    image.release();
  }

  private static byte[] read(ReplicaImage image, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    image.read(new GuestOffset(offset), bytes);
    return bytes.array();
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private ReplicaImage fresh() throws IOException {
    ReplicaImage image = ReplicaImage.create(file, 8 << 20, CLUSTER, payload(0));
    assertTrue(image.recover().wasClean());
    return image;
  }

  @Test
  void whatIsAppliedIsReadAndSurvivesReopening() throws IOException {
    ReplicaImage image = fresh();
    apply(image, 1, write(100, 10_000, 7), write(5000, 10, 9));
    apply(image, 2, new GuestChange.Zero(new GuestOffset(8192), 4096, false));
    image.settle(payload(3));
    image.close();

    ReplicaImage again = ReplicaImage.open(file);
    assertTrue(again.slot().clean());
    assertArrayEquals(payload(3), again.slot().payload());
    byte[] expected = new byte[16384];
    Arrays.fill(expected, 100, 10_100, (byte) 7);
    Arrays.fill(expected, 5000, 5010, (byte) 9);
    Arrays.fill(expected, 8192, 12288, (byte) 0);
    assertArrayEquals(expected, read(again, 0, 16384));
  }

  @Test
  void anOverwriteIsOneDataWriteOneSlotAndOneSync() throws IOException {
    ReplicaImage image = fresh();
    apply(image, 1, write(0, 2 * CLUSTER, 7));
    apply(image, 2, write(0, CLUSTER, 8));
    int before = file.trace().size();
    apply(image, 3, write(0, 2 * CLUSTER, 9));
    List<Kind> kinds =
        file.trace().subList(before, file.trace().size()).stream().map(io -> io.kind()).toList();
    assertEquals(List.of(Kind.WRITE, Kind.WRITE, Kind.SYNC), kinds);
    assertArrayEquals(filled(2 * CLUSTER, 9), read(image, 0, 2 * CLUSTER));
  }

  @Test
  void overwritingNeverTakesTheCleanFlagDown() throws IOException {
    ReplicaImage image = fresh();
    apply(image, 1, write(0, CLUSTER, 7));
    assertFalse(image.slot().clean());
    image.settle(payload(2));
    apply(image, 3, write(10, 20, 8));
    assertTrue(image.slot().clean());
    assertEquals(List.of(), image.unlinked());
  }

  @Test
  void zeroesOnAHoleAllocateNothing() throws IOException {
    ReplicaImage image = fresh();
    long length = file.length();
    apply(image, 1, new GuestChange.Zero(new GuestOffset(5), (8 << 20) - 5, false));
    apply(image, 2, new GuestChange.Zero(new GuestOffset(0), 8 << 20, true));
    assertEquals(length, file.length());
    assertTrue(image.slot().clean());
  }

  @Test
  void aCutThatKeptTheSlotsWordButNotTheDirtyBitsDoesNotHideTheNextLeak() throws IOException {
    ReplicaImage image = fresh();
    apply(image, 1, write(0, CLUSTER, 7));
    image.close();
    file.write(ByteBuffer.wrap(new byte[] {0}), DIRTY_BIT_BYTE);

    ReplicaImage again = ReplicaImage.open(file);
    again.recover();
    again.giveBack(payload(1));
    apply(again, 2, write(5 * CLUSTER, CLUSTER, 8));
    again.close();
    ByteBuffer features = ByteBuffer.allocate(1);
    file.read(features, DIRTY_BIT_BYTE);
    assertEquals(1, features.get(0));
  }

  @Test
  void settlingTwiceWritesOnce() throws IOException {
    ReplicaImage image = fresh();
    apply(image, 1, write(0, CLUSTER, 7));
    image.settle(payload(2));
    int before = file.trace().size();
    image.settle(payload(2));
    assertEquals(before, file.trace().size());
  }

  @Test
  void aStepOutOfOrderIsRefused() throws IOException {
    ReplicaImage image = fresh();
    Batch batch = image.begin(List.of(write(0, 10, 1)));
    assertThrows(IllegalStateException.class, batch::link);
    assertThrows(IllegalStateException.class, () -> image.commit(payload(1)));
  }

  @Test
  void aChangeBehindTheDisksEndIsRefused() throws IOException {
    ReplicaImage image = fresh();
    assertThrows(
        IndexOutOfBoundsException.class, () -> image.begin(List.of(write((8 << 20) - 1, 2, 1))));
  }
}
