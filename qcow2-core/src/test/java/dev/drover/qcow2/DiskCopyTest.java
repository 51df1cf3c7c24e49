package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Copies by several workers, of several disks, over and onto what is there. */
final class DiskCopyTest {

  private static final int SIZE = 5 << 20;

  /** Random bytes, long runs of one byte, and zeroes that do not end with clusters. */
  private static RawDisk source() throws IOException {
    byte[] content = new byte[SIZE];
    new Random(3).nextBytes(content);
    Arrays.fill(content, 1 << 20, (2 << 20) + 1234, (byte) 0);
    Arrays.fill(content, 3 << 20, (3 << 20) + 500_077, (byte) 5);
    Arrays.fill(content, SIZE - 5000, SIZE, (byte) 0);
    MemoryBlockFile file = new MemoryBlockFile("source.raw");
    file.write(ByteBuffer.wrap(content), 0);
    return new RawDisk(file);
  }

  private static byte[] content(GuestDisk disk) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) disk.virtualSizeBytes());
    disk.read(GuestOffset.ZERO, bytes);
    return bytes.array();
  }

  private static MemoryBlockFile copied(int workers, boolean anyOrder, boolean compressed)
      throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("copy.qcow2");
    try (Qcow2Image image = Qcow2Image.create(file, CreateOptions.ofSize(SIZE))) {
      new DiskCopy(source(), 4096, _ -> {}).withWorkers(workers, anyOrder).into(image, compressed);
    }
    return file;
  }

  @Test
  void manyWorkersMakeTheFileThatOneMakes() throws IOException {
    for (boolean compressed : new boolean[] {false, true}) {
      MemoryBlockFile one = copied(1, false, compressed);
      assertTrue(one.sameContent(copied(5, false, compressed)));
      try (Qcow2Image image = Qcow2Image.open(one, true)) {
        assertArrayEquals(content(source()), content(image));
      }
      ImageJudge.settled(one);
    }
  }

  @Test
  void inAnyOrderItIsTheSameDisk() throws IOException {
    MemoryBlockFile file = copied(5, true, false);
    try (Qcow2Image image = Qcow2Image.open(file, true)) {
      assertArrayEquals(content(source()), content(image));
    }
    ImageJudge.settled(file);
  }

  @Test
  void piecesAreWrittenInTurnAndTheFirstFailureStopsAll() throws IOException {
    List<Integer> written = Collections.synchronizedList(new ArrayList<>());
    List<CopyWorkers.Piece> pieces = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      int number = i;
      pieces.add(() -> () -> written.add(number));
    }
    new CopyWorkers(7, false, pieces.iterator()).run();
    assertEquals(IntStream.range(0, 200).boxed().toList(), written);

    written.clear();
    pieces.set(
        100,
        () -> {
          throw new IOException("piece 100");
        });
    CopyWorkers failing = new CopyWorkers(7, false, pieces.iterator());
    assertEquals("piece 100", assertThrows(IOException.class, failing::run).getMessage());
    assertEquals(IntStream.range(0, written.size()).boxed().toList(), written);
    assertTrue(written.size() <= 100);
  }

  @Test
  void anErrorOfTheTargetEndsTheCopy() throws IOException {
    FailingBlockFile target = new FailingBlockFile(new MemoryBlockFile("copy.raw"));
    target.failEvery(io -> io.offset() > 1 << 20, Failure.ENOSPC);
    DiskCopy copy = new DiskCopy(source(), 4096, _ -> {}).withWorkers(4, true);
    assertThrows(IOException.class, () -> copy.intoRaw(target));
  }

  @Test
  void ontoADiskThatIsThereEveryByteIsWrittenButThoseBehindTheSource() throws IOException {
    for (boolean anyOrder : new boolean[] {false, true}) {
      MemoryBlockFile file = new MemoryBlockFile("there.qcow2");
      try (Qcow2Image image = Qcow2Image.create(file, CreateOptions.ofSize(SIZE + 65536))) {
        byte[] old = new byte[SIZE + 65536];
        Arrays.fill(old, (byte) 0x66);
        image.write(GuestOffset.ZERO, ByteBuffer.wrap(old));
        new DiskCopy(source(), 4096, _ -> {}).withWorkers(4, anyOrder).onto(image, false, false);
        byte[] expected = Arrays.copyOf(content(source()), SIZE + 65536);
        Arrays.fill(expected, SIZE, expected.length, (byte) 0x66);
        assertArrayEquals(expected, content(image));
      }
      ImageJudge.settled(file);
    }
  }

  @Test
  void severalDisksAreOneBehindTheOther() throws IOException {
    try (GuestDisk twice = new JoinedDisks(List.of(source(), source()))) {
      byte[] both = content(twice);
      byte[] once = content(source());
      assertArrayEquals(once, Arrays.copyOf(both, SIZE));
      assertArrayEquals(once, Arrays.copyOfRange(both, SIZE, 2 * SIZE));
      ByteBuffer across = ByteBuffer.allocate(1000);
      twice.read(new GuestOffset(SIZE - 400), across);
      assertArrayEquals(Arrays.copyOfRange(both, SIZE - 400, SIZE + 600), across.array());
      List<Long> ends = new ArrayList<>();
      HostMap.of(twice, new GuestOffset(5), Long.MAX_VALUE)
          .forEachRemaining(e -> ends.add(e.end()));
      assertEquals(LongStream.of(SIZE, 2L * SIZE).boxed().toList(), ends);
    }
  }

  @Test
  void progressComesToTheEndAndNeverGoesBack() throws IOException {
    List<Long> told = new ArrayList<>();
    new DiskCopy(source(), 4096, told::add)
        .withWorkers(4, true)
        .intoRaw(new MemoryBlockFile("copy.raw"));
    assertEquals(SIZE, told.getLast());
    assertEquals(told.stream().sorted().toList(), told);
  }
}
