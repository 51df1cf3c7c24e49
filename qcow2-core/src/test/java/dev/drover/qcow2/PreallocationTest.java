package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.DiskFullException;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A new disk has its space in each of qemu-img's modes. */
@RequiresTools({"qemu-img", "qemu-io"})
final class PreallocationTest {

  private static final int SIZE = 3 << 20;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Preallocation.class)
  void theImageHasTheClustersAndTheHostTheSpaceThatQemuGivesIt(Preallocation mode)
      throws IOException {
    Path ours = folder.resolve("ours.qcow2");
    Path theirs = folder.resolve("theirs.qcow2");
    CreateOptions options = CreateOptions.ofSize(SIZE).withPreallocation(mode);
    Qcow2Image.create(HostFile.createNew(ours), options).close();
    String wanted = "preallocation=" + mode.name().toLowerCase(java.util.Locale.ROOT);
    Qemu.img("create", "-q", "-f", "qcow2", "-o", wanted, theirs, SIZE).orFail();
    assertEquals(
        Qemu.checkClean(theirs).number("allocated-clusters"),
        Qemu.checkClean(ours).number("allocated-clusters"));
    Qemu.img("compare", ours, theirs).orFail();
    boolean taken = mode == Preallocation.FALLOC || mode == Preallocation.FULL;
    for (Path image : new Path[] {ours, theirs}) {
      long bytes = Qemu.img("info", "--output=json", image).number("actual-size");
      assertEquals(taken, bytes >= SIZE, mode + ": " + bytes);
    }
    Qemu.io(ours, "write -P 7 1000 70000", "read -P 0 0 1000", "read -P 7 1000 70000").orFail();
    Qemu.checkClean(ours);
  }

  @Test
  void aHostThatIsFullSaysSoAndNothingIsLeftBehindThatChecksComplainOf() throws IOException {
    MemoryBlockFile disk = new MemoryBlockFile("full.qcow2");
    CreateOptions options = CreateOptions.ofSize(SIZE).withPreallocation(Preallocation.FULL);
    FailingBlockFile file =
        new FailingBlockFile(disk)
            .failEvery(io -> io.kind() == Kind.WRITE && io.length() == 1 << 20, Failure.ENOSPC);
    assertThrows(DiskFullException.class, () -> Qcow2Image.create(file, options));
    Qcow2Image.open(disk, false).close();
    ImageJudge.settled(disk);
  }

  @Test
  void aBackingFileGoesOnShowing() {
    CreateOptions options =
        CreateOptions.ofSize(SIZE)
            .withBacking(BackingReference.raw("below"))
            .withPreallocation(Preallocation.METADATA);
    MemoryBlockFile file = new MemoryBlockFile("x");
    Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> Qcow2Image.create(file, options));
    assertEquals(Qcow2Exception.Code.INVALID_OPTION, e.code());
    assertTrue(e.getMessage().contains("backing file"), e.getMessage());
  }

  @Test
  void aDataFileHasTheSpace() throws IOException {
    Path image = folder.resolve("image.qcow2");
    CreateOptions options =
        CreateOptions.ofSize(SIZE)
            .withDataFile(folder.resolve("data").toString(), false)
            .withPreallocation(Preallocation.FULL);
    HostFile data = DataFile.create(image, "data");
    try (Qcow2Image disk = Qcow2Image.create(HostFile.createNew(image), data, options)) {
      assertTrue(data.allocatedBytes() >= SIZE);
      disk.write(new GuestOffset(5000), ByteBuffer.allocate(100).put(0, (byte) 1));
    }
    Qemu.io(image, "read -P 1 5000 1", "read -P 0 5001 60000").orFail();
    Qemu.checkClean(image);
  }
}
