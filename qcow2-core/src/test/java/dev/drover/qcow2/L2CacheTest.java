package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An image shows the same disk with the smallest L2 cache that there is: two slices of 4 KiB. */
final class L2CacheTest {

  private static final OpenOptions TINY = OpenOptions.DEFAULT.withL2CacheBytes(0);
  private static final int BLOCK = 4096;
  private static final int TABLES = 5;

  private static Qcow2Image open(FailingBlockFile file) throws IOException {
    return Qcow2Image.open(file, false, BackingOpener.REFUSE, TINY);
  }

  private static FailingBlockFile create(int cluster, boolean extended) throws IOException {
    MemoryBlockFile disk = new MemoryBlockFile("tiny-cache.qcow2");
    long table = (long) cluster / (extended ? 16 : 8) * cluster;
    CreateOptions options = CreateOptions.ofSize(TABLES * table).withClusterSize(cluster);
    Qcow2Image.create(disk, options.withExtendedL2(extended)).close();
    return new FailingBlockFile(disk);
  }

  private static ByteBuffer filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  private static int valueAt(GuestDisk image, long at) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    image.read(new GuestOffset(at), block);
    int value = block.get(0);
    assertEquals(filled(value, BLOCK), block.flip(), "one block, at " + at);
    return value;
  }

  @ParameterizedTest
  @ValueSource(strings = {"8192", "65536", "16384 extended"})
  void randomRequestsOverManyTables(String kind) throws IOException {
    int cluster = Integer.parseInt(kind.split(" ")[0]);
    FailingBlockFile file = create(cluster, kind.endsWith("extended"));
    SplittableRandom random = new SplittableRandom(cluster);
    Map<Long, Integer> blocks = new HashMap<>();
    Qcow2Image image = open(file);
    long size = image.virtualSizeBytes();
    for (int n = 1; n <= 600; n++) {
      long at = random.nextLong(size / BLOCK) * BLOCK;
      switch (random.nextInt(8)) {
        case 0 -> {
          long length = Math.min(size - at, random.nextLong(2L * size / TABLES) / BLOCK * BLOCK);
          image.writeZeroes(new GuestOffset(at), length, random.nextBoolean());
          blocks.keySet().removeIf(each -> each >= at && each < at + length);
        }
        case 1 -> {
          image.close();
          image = open(file);
        }
        default -> {
          image.write(new GuestOffset(at), filled(n % 100 + 1, BLOCK));
          blocks.put(at, n % 100 + 1);
        }
      }
      if (n == 200) { // from here on tables are shared, and copied when they change
        image.createSnapshot(
            new SnapshotSpec(new UUID(1, 1), "s", Instant.ofEpochSecond(1), new byte[0]));
      } else if (n == 400) {
        image.deleteSnapshot("s");
      }
      assertEquals(blocks.getOrDefault(at, 0), valueAt(image, at));
    }
    for (Map.Entry<Long, Integer> each : blocks.entrySet()) {
      assertEquals(each.getValue(), valueAt(image, each.getKey()));
    }
    image.close();
    ImageJudge.settled(file);
  }

  /** Clusters of 8 KiB: a slice maps 4 MiB, two are a table. */
  private static final int CLUSTER = 8 << 10;

  private static final int SLICE_MAPS = 512 * CLUSTER;

  @Test
  void aRequestOverTwoSlicesChangesBoth() throws IOException {
    spansSlices();
  }

  /** Both slices are in memory when one request changes them. */
  static void spansSlices() throws IOException {
    FailingBlockFile file = create(CLUSTER, false);
    try (Qcow2Image image = open(file)) {
      long start = SLICE_MAPS - 2L * CLUSTER;
      image.write(new GuestOffset(start), filled(1, 4 * CLUSTER));
      requireAll(image, start, 1);
      image.writeZeroes(new GuestOffset(start), 4 * CLUSTER, true);
      requireAll(image, start, 0);
      image.flush();
      image.write(new GuestOffset(start), filled(2, 4 * CLUSTER));
      requireAll(image, start, 2);
    }
  }

  private static void requireAll(Qcow2Image image, long start, int value) throws IOException {
    for (long at = start; at < start + 4 * CLUSTER; at += CLUSTER) {
      int found = valueAt(image, at);
      if (found != value) {
        throw new InvariantViolation("I-18", "%d at %d, not %d".formatted(found, at, value));
      }
    }
  }

  @Test
  void aRequestOverTwoSlicesMayFailAtAnyIoAndBeRepeated() throws IOException {
    for (Failure how : Failure.values()) {
      boolean struck = true;
      for (int n = 1; struck; n++) {
        struck = failsAt(n, how);
      }
    }
  }

  private static boolean failsAt(int n, Failure how) throws IOException {
    FailingBlockFile file = create(CLUSTER, false);
    long start = SLICE_MAPS - 2L * CLUSTER;
    boolean struck = false;
    try (Qcow2Image image = open(file)) {
      image.write(new GuestOffset(start), filled(1, 2 * CLUSTER));
      image.flush();
      valueAt(image, 2L * SLICE_MAPS); // of another table
      valueAt(image, 5L * SLICE_MAPS);
      file.failAt(n, how);
      for (boolean done = false; !done; ) {
        try {
          image.write(new GuestOffset(start), filled(2, 4 * CLUSTER));
          image.writeZeroes(new GuestOffset(start + CLUSTER), 2 * CLUSTER, true);
          image.flush();
          done = true;
        } catch (IOException e) {
          struck = true;
        }
      }
      long[] values = new long[4];
      for (int i = 0; i < values.length; i++) {
        valueAt(image, (2L + i % 2 * 3) * SLICE_MAPS);
        values[i] = valueAt(image, start + (long) i * CLUSTER);
      }
      assertEquals("[2, 0, 0, 2]", Arrays.toString(values));
      file.heal();
    }
    ImageJudge.settled(file);
    return struck;
  }

  @Test
  void aLookIntoATableReadsOneSliceOfIt() throws IOException {
    FailingBlockFile file = create(1 << 20, false);
    try (Qcow2Image image = open(file)) {
      image.write(new GuestOffset(0), filled(1, BLOCK));
    }
    try (Qcow2Image image = open(file)) {
      long before = file.ios();
      assertEquals(1, valueAt(image, 0));
      List<Io> reads = file.trace().stream().skip(before).toList();
      assertTrue(reads.stream().allMatch(io -> io.kind() == Kind.READ));
      assertEquals(List.of(4096L, (long) BLOCK), reads.stream().map(Io::length).toList());
    }
  }

  @Test
  void aCacheOfLessThanNothingIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> OpenOptions.DEFAULT.withL2CacheBytes(-1));
  }
}
