package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.HeaderExtension;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Another name for the backing file, wherever the power goes while it is written: the header has
 * the old one or the new one, with its format, and every other extension as it was.
 */
final class HeaderRewriteTest {

  private static final HeaderExtension UNKNOWN =
      new HeaderExtension(0x1234, "kept byte for byte".getBytes());

  private static Optional<BackingReference> reference(String format, int nameBytes) {
    return nameBytes == 0
        ? Optional.empty()
        : Optional.of(new BackingReference("n".repeat(nameBytes), Optional.ofNullable(format)));
  }

  private static MemoryBlockFile image(
      FormatVersion version, int cluster, Optional<BackingReference> backing) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("image.qcow2");
    CreateOptions options =
        CreateOptions.ofSize(1 << 20).withClusterSize(cluster).withVersion(version);
    Header header =
        NewImage.create(file, backing.isPresent() ? options.withBacking(backing.get()) : options);
    file.write(header.withExtension(UNKNOWN).encode(), 0);
    return file;
  }

  @ParameterizedTest(name = "{0}, clusters of {1}: {2} {3} to {4} {5}")
  @CsvSource({
    "V3, 4096, , 0, qcow2, 20",
    "V3, 4096, qcow2, 20, , 0",
    "V3, 4096, raw, 20, qcow2, 30",
    "V3, 4096, , 900, raw, 1000",
    "V3, 65536, qcow2, 1000, qcow2, 1001",
    "V3, 512, raw, 200, qcow2, 150",
    "V3, 1024, raw, 300, qcow2, 300",
    "V2, 4096, , 0, qcow2, 20",
    "V2, 4096, raw, 500, qcow2, 600",
    "V2, 1024, raw, 700, qcow2, 200",
  })
  void theNameChangesAtOneStroke(
      FormatVersion version, int cluster, String before, int length, String after, int newLength)
      throws IOException {
    renameAtEveryIo(version, cluster, reference(before, length), reference(after, newLength));
  }

  static void renameAtEveryIo(
      FormatVersion version,
      int cluster,
      Optional<BackingReference> from,
      Optional<BackingReference> to)
      throws IOException {
    MemoryBlockFile start = image(version, cluster, from);
    long ios = rename(new FailingBlockFile(CrashingBlockFile.of(start)), to);
    for (long n = 1; n <= ios; n++) {
      CrashingBlockFile disk = CrashingBlockFile.of(start);
      FailingBlockFile cut = new FailingBlockFile(disk).failFrom(n, Failure.EIO);
      assertThrows(IOException.class, () -> rename(cut, to));
      for (MemoryBlockFile left : disk.everyCrash()) {
        oneOf(left, from, to);
        rename(new FailingBlockFile(left), to);
        isNow(left, to);
      }
      CrashingBlockFile failing = CrashingBlockFile.of(start);
      FailingBlockFile once = new FailingBlockFile(failing).failAt(n, Failure.EIO);
      assertThrows(IOException.class, () -> rename(once, to));
      rename(once, to);
      isNow(failing.crash(CrashingBlockFile.Survival.NOTHING), to);
    }
  }

  static long rename(FailingBlockFile file, Optional<BackingReference> to) throws IOException {
    ImageRebase.rename(file, BackingOpener.REFUSE, to);
    return file.ios();
  }

  private static Header oneOf(
      MemoryBlockFile left, Optional<BackingReference> from, Optional<BackingReference> to)
      throws IOException {
    Header header = Header.read(left);
    Optional<BackingReference> named =
        header.backingName().map(name -> new BackingReference(name, header.backingFormat()));
    if (!named.equals(from) && !named.equals(to)) {
      throw new InvariantViolation("I-81", "it names neither the old nor the new file");
    }
    assertArrayEquals(UNKNOWN.data(), header.extension(UNKNOWN.type()).orElseThrow().data());
    return header;
  }

  private static void isNow(MemoryBlockFile left, Optional<BackingReference> to)
      throws IOException {
    Header header = oneOf(left, to, to);
    byte[] rest = new byte[header.clusterSize() - header.usedBytes()];
    left.read(ByteBuffer.wrap(rest), header.usedBytes());
    assertArrayEquals(new byte[rest.length], rest, "nothing else may stand in cluster 0");
    assertEquals(1, header.extensions().stream().filter(each -> each.type() == 0x1234).count());
    ImageJudge.settledByCheck(left);
  }

  @Test
  void aNameThatCluster0HasNoRoomForIsRefusedAndNothingChanges() throws IOException {
    MemoryBlockFile start = image(FormatVersion.V3, 512, Optional.empty());
    MemoryBlockFile file = start.copy();
    Qcow2Exception refused =
        assertThrows(
            Qcow2Exception.class,
            () ->
                ImageRebase.rename(
                    file,
                    BackingOpener.REFUSE,
                    Optional.of(BackingReference.raw("n".repeat(400)))));
    assertEquals(Qcow2Exception.Code.OUT_OF_RANGE, refused.code());
    assertTrue(refused.getMessage().contains("has no room"), refused.getMessage());
    assertTrue(start.sameContent(file));
  }

  /** While extensions are parked, the header is longer than any program knows. */
  @Test
  @RequiresTools("qemu-img")
  void qemuReadsTheHeaderWhereverItWasCut(@TempDir Path folder) throws IOException {
    Optional<BackingReference> to = Optional.of(BackingReference.raw("./".repeat(250) + "b.raw"));
    MemoryBlockFile start = image(FormatVersion.V3, 4096, Optional.empty());
    long ios = rename(new FailingBlockFile(CrashingBlockFile.of(start)), to);
    List<String> seen = new ArrayList<>();
    for (long n = 1; n <= ios; n++) {
      CrashingBlockFile disk = CrashingBlockFile.of(start);
      FailingBlockFile cut = new FailingBlockFile(disk).failFrom(n, Failure.EIO);
      assertThrows(IOException.class, () -> rename(cut, to));
      Path left = folder.resolve(n + ".qcow2");
      disk.crash(CrashingBlockFile.Survival.EVERYTHING).store(left);
      String info = Qemu.img("info", left).orFail().output();
      seen.add(info.contains("backing file: ./") ? "new" : "old");
      assertEquals(info.contains("backing file format: raw"), info.contains("backing file: "));
    }
    assertTrue(seen.contains("old") && seen.contains("new"), seen.toString());
  }
}
