package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageCompareTest {

  @TempDir Path folder;

  @Test
  void findsTheFirstByteThatDiffers() throws IOException {
    byte[] content = new byte[5 << 20];
    new SplittableRandom(1).nextBytes(content);
    for (int at : new int[] {0, 1, 511, (1 << 20) - 1, 1 << 20, (5 << 20) - 1}) {
      byte[] changed = content.clone();
      changed[at]++;
      assertEquals(
          OptionalLong.of(at), ImageCompare.compare(raw(content), raw(changed)).firstDifference());
    }
    assertTrue(ImageCompare.compare(raw(content), raw(content.clone())).isSameSizeToo());
  }

  @Test
  void zeroesBehindTheEndOfTheShorterDiskAreTheSameContent() throws IOException {
    byte[] longer = new byte[4096];
    longer[0] = 1;
    byte[] shorter = new byte[512];
    shorter[0] = 1;
    Comparison comparison = ImageCompare.compare(raw(longer), raw(shorter));
    assertTrue(comparison.isSame());
    assertFalse(comparison.isSameSizeToo());
    longer[4095] = 1;
    assertEquals(
        OptionalLong.of(4095), ImageCompare.compare(raw(shorter), raw(longer)).firstDifference());
  }

  @Test
  void hugeEmptyDisksAreNotRead() throws IOException {
    try (Qcow2Image one = empty(1L << 50);
        Qcow2Image other = empty(1L << 50)) {
      assertTrue(ImageCompare.compare(one, other).isSame());
    }
  }

  @Test
  void anUnreadableDiskIsAnErrorAndNoDifference() throws IOException {
    MemoryBlockFile bytes = new MemoryBlockFile("raw");
    bytes.setLength(4096);
    FailingBlockFile failing = new FailingBlockFile(bytes);
    failing.failNext(io -> io.kind() == Kind.READ, Failure.EIO);
    GuestDisk disk = new RawDisk(failing);
    assertThrows(IOException.class, () -> ImageCompare.compare(disk, raw(new byte[4096])));
  }

  @Test
  @RequiresTools({"qemu-img", "qemu-io"})
  void agreesWithQemuImgOnImagesOfDifferentShape() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    for (int run = 0; run < 12; run++) {
      Path one = folder.resolve("one.qcow2");
      Path other = folder.resolve("other.qcow2");
      Qemu.img("create", "-f", "qcow2", one, "2M").orFail();
      Qemu.io(one, command(random), command(random), command(random)).orFail();
      Qemu.img("convert", "-O", "qcow2", "-o", "cluster_size=4k", one, other).orFail();
      Qemu.io(other, command(random)).orFail();
      int theirs = Qemu.img("compare", one, other).exitCode();
      int strictly = Qemu.img("compare", "-s", one, other).exitCode();
      try (Qcow2Image a = Qcow2Image.open(HostFile.openForReading(one), true);
          Qcow2Image b = Qcow2Image.open(HostFile.openForReading(other), true)) {
        Comparison found = ImageCompare.compare(a, b);
        assertEquals(theirs == 0, found.isSame(), "run " + run);
        assertEquals(strictly == 0, found.isStrictlySame(), "run " + run);
      }
    }
  }

  private static String command(SplittableRandom random) {
    String range = " " + random.nextInt(4) * 256 + "k " + (4 + random.nextInt(2) * 60) + "k";
    return switch (random.nextInt(4)) {
      case 0 -> "write -z" + range;
      case 1 -> "write -P 0" + range;
      case 2 -> "discard" + range;
      default -> "write -P " + random.nextInt(1, 3) + range;
    };
  }

  private static GuestDisk raw(byte[] content) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("raw");
    file.write(ByteBuffer.wrap(content), 0);
    return new RawDisk(file);
  }

  private static Qcow2Image empty(long size) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("empty.qcow2");
    NewImage.create(file, CreateOptions.ofSize(size));
    return Qcow2Image.open(file, true);
  }
}
