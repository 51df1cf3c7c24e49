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
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @EnumSource(Preallocation.class)
  void whatADiskGrowsByHasItsSpaceAndWhatItHeldStays(Preallocation mode) throws IOException {
    Path ours = folder.resolve("ours.qcow2");
    Path theirs = folder.resolve("theirs.qcow2");
    int before = (1 << 20) - 1024; // ends within a cluster
    for (Path image : new Path[] {ours, theirs}) {
      Qemu.img("create", "-q", "-f", "qcow2", image, before).orFail();
      Qemu.io(image, "write -P 7 0 70000", "write -P 8 1047000 500").orFail();
    }
    try (Qcow2Image disk = Qcow2Image.open(HostFile.openForWriting(ours), false)) {
      disk.grow(SIZE, mode);
    }
    String wanted = "--preallocation=" + mode.name().toLowerCase(java.util.Locale.ROOT);
    Qemu.img("resize", "-q", "-f", "qcow2", wanted, theirs, SIZE).orFail();
    assertEquals(
        Qemu.checkClean(theirs).number("allocated-clusters"),
        Qemu.checkClean(ours).number("allocated-clusters"));
    Qemu.img("compare", ours, theirs).orFail();
    if (mode == Preallocation.FALLOC || mode == Preallocation.FULL) {
      long bytes = Qemu.img("info", "--output=json", ours).number("actual-size");
      assertTrue(bytes >= SIZE - before, mode + ": " + bytes);
    }
  }

  @Test
  void whatADiskGrowsByOverABackingFileIsItsOwn() throws IOException {
    Path below = folder.resolve("below.raw");
    Path image = folder.resolve("image.qcow2");
    Qemu.img("create", "-q", "-f", "raw", below, SIZE).orFail();
    Qemu.run("qemu-io", "-f", "raw", "-c", "write -P 5 0 2M", below).orFail();
    Qemu.img("create", "-q", "-f", "qcow2", "-b", below, "-F", "raw", image, 1 << 20).orFail();
    Qemu.io(image, "write -P 7 0 70000").orFail();
    try (HostFile host = HostFile.openForWriting(image);
        Qcow2Image disk = Qcow2Image.open(host, false, BackingFiles.of(image))) {
      disk.grow(SIZE, Preallocation.FULL);
    }
    Qemu.io(image, "read -P 7 0 70000", "read -P 5 70000 900000").orFail();
    Qemu.checkClean(image);
    Qemu.run("qemu-io", "-r", "-f", "raw", "-c", "read -P 5 0 2M", below).orFail();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1000k compat=1.1",
        "1M compat=1.1,cluster_size=4096",
        "1M compat=0.10",
        "1M compat=1.1,extended_l2=on",
        "2M compat=1.1",
        "16M compat=1.1"
      })
  void whatADiskGrowsByHasItsSpaceOverABackingFileToo(String words) throws IOException {
    Path below = folder.resolve("below.raw");
    Qemu.img("create", "-q", "-f", "raw", below, words.split(" ")[0]).orFail();
    Qemu.run("qemu-io", "-f", "raw", "-c", "write -P 5 0 1000k", below).orFail();
    for (Preallocation mode : Preallocation.values()) {
      Path ours = folder.resolve("ours.qcow2");
      Path theirs = folder.resolve("theirs.qcow2");
      for (Path image : new Path[] {ours, theirs}) {
        String options = words.split(" ")[1];
        Qemu.img(
                "create", "-q", "-f", "qcow2", "-b", below, "-F", "raw", "-o", options, image, "1M")
            .orFail();
        Qemu.io(image, "write -P 7 0 70000").orFail();
      }
      String wanted = "--preallocation=" + mode.name().toLowerCase(java.util.Locale.ROOT);
      Qemu.img("resize", "-q", wanted, theirs, SIZE).orFail();
      try (HostFile host = HostFile.openForWriting(ours);
          Qcow2Image disk = Qcow2Image.open(host, false, BackingFiles.of(ours))) {
        disk.grow(SIZE, mode);
        disk.write(new GuestOffset(1030000), ByteBuffer.wrap(new byte[] {3})); // by the old end
        disk.write(new GuestOffset(2500000), ByteBuffer.wrap(new byte[] {3}));
      }
      Qemu.io(theirs, "write -P 3 1030000 1", "write -P 3 2500000 1").orFail();
      assertEquals(
          Qemu.checkClean(theirs).number("allocated-clusters"),
          Qemu.checkClean(ours).number("allocated-clusters"),
          words + " " + mode);
      Qemu.img("compare", ours, theirs).orFail();
      boolean taken = mode == Preallocation.FALLOC || mode == Preallocation.FULL;
      for (Path image : new Path[] {ours, theirs}) {
        long bytes = Qemu.img("info", "--output=json", image).number("actual-size");
        assertEquals(taken, bytes >= SIZE - (1 << 20), words + " " + mode + ": " + bytes);
      }
      Qemu.io(ours, "write -P 9 2000000 100", "read -P 0 1M 951424", "read -P 5 70000 900000")
          .orFail();
      Qemu.checkClean(ours);
    }
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
