package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BackingFilesTest {

  private static final long SIZE = 1 << 20;

  @TempDir Path folder;

  @Test
  @RequiresTools({"qemu-img", "qemu-io"})
  void readsThroughAChainAsQemuDoes() throws IOException {
    Files.createDirectories(folder.resolve("below"));
    Path raw = folder.resolve("below/base.raw");
    Qemu.img("create", "-f", "raw", raw, "600k").orFail();
    Qemu.run("qemu-io", "-f", "raw", "-c", "write -P 1 100k 400k", raw).orFail();
    Path packed = folder.resolve("below/packed.qcow2");
    Qemu.img("create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", packed, "900k").orFail();
    Qemu.io(packed, "write -c -P 2 128k 64k", "write -z 256k 64k", "write -P 3 580k 30k").orFail();
    Path top = folder.resolve("top.qcow2");
    Qemu.img("create", "-f", "qcow2", "-b", "below/packed.qcow2", "-F", "qcow2", top, "1M")
        .orFail();
    Qemu.io(top, "write -P 4 0 10k", "write -P 5 890k 40k").orFail();

    Path flat = folder.resolve("flat.raw");
    Qemu.img("convert", "-O", "raw", top, flat).orFail();
    try (GuestDisk chain = open(top);
        GuestDisk expected = new RawDisk(HostFile.openForReading(flat))) {
      assertEquals(
          Optional.empty(),
          Optional.of(ImageCompare.compare(chain, expected))
              .filter(comparison -> !comparison.isSameSizeToo()));
      Qemu.Result write = Qemu.run("qemu-io", "-f", "raw", "-c", "write 0 512", raw);
      assertTrue(write.exitCode() != 0, "the whole chain is held while it is read");
    }
    Qemu.run("qemu-io", "-f", "raw", "-c", "write 0 512", raw).orFail();
  }

  @Test
  void anImageOpensNothingByItself() throws IOException {
    Path top = image(BackingReference.raw("/etc/passwd"));
    try (HostFile file = HostFile.openForReading(top)) {
      Qcow2Exception refusal =
          assertThrows(Qcow2Exception.class, () -> Qcow2Image.open(file, true));
      assertEquals(Code.BACKING_REFUSED, refusal.code());
      assertEquals(top.toString(), refusal.image());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "json:{\"driver\":\"nbd\"}",
        "nbd://host/x",
        "https://host/x",
        "file:base.raw",
        "fd:3",
        ":x"
      })
  void namesThatAreNoPathsAreRefused(String name) throws IOException {
    refused(image(BackingReference.raw(name)), "no plain path");
  }

  @Test
  void aColonBehindASlashIsPartOfAPath() throws IOException {
    Path raw = folder.resolve("a:b.raw");
    Files.write(raw, new byte[512]);
    open(image(BackingReference.raw("./a:b.raw"))).close();
  }

  @Test
  void withoutARecordedFormatNothingIsProbed() throws IOException {
    Files.write(folder.resolve("base"), new byte[512]);
    refused(image(new BackingReference("base", Optional.empty())), "without its format");
    refused(image(new BackingReference("base", Optional.of("vmdk"))), "format \"vmdk\"");
  }

  @Test
  void aMissingBackingFileIsNamed() throws IOException {
    refused(image(BackingReference.raw("gone.raw")), "gone.raw, which is not there");
  }

  @Test
  void aChainThatComesBackToItselfIsRefused() throws IOException {
    refused(image(BackingReference.qcow2("top.qcow2")), "its own backing file");
  }

  @Test
  void aChainEnds() throws IOException {
    Path below = folder.resolve("0.qcow2");
    make(below, Optional.empty());
    for (int i = 1; i < BackingFiles.MAX_DEPTH; i++) {
      Path next = folder.resolve(i + ".qcow2");
      make(next, Optional.of(BackingReference.qcow2((i - 1) + ".qcow2")));
      below = next;
    }
    open(below).close();
    Path tooDeep = image(BackingReference.qcow2(below.getFileName().toString()));
    refused(tooDeep, "more than 64 files");
  }

  @Test
  void aBackingFileInUseIsRefused() throws IOException {
    Path base = folder.resolve("base.qcow2");
    make(base, Optional.empty());
    Path top = image(BackingReference.qcow2("base.qcow2"));
    try (HostFile _ = HostFile.openForWriting(base)) {
      Qcow2Exception refusal = assertThrows(Qcow2Exception.class, () -> open(top));
      assertEquals(Code.IMAGE_IN_USE, refusal.code());
    }
    open(top).close();
  }

  @Test
  void whatAFailedOpenHadOpenedIsClosed() throws IOException {
    Path base = folder.resolve("base.qcow2");
    make(base, Optional.empty());
    Path top = image(BackingReference.qcow2("base.qcow2"));
    try (HostFile file = HostFile.openForWriting(top)) {
      Header header = Header.read(file);
      TablePointer snapshots = new TablePointer(new HostOffset(file.length()), 1);
      file.write(ByteBuffer.allocate(64).putInt(36, 9999), file.length()); // extra data
      file.write(header.withSnapshots(snapshots).encodeFields(), 0);
    }
    assertThrows(Qcow2Exception.class, () -> open(top));
    HostFile.openForWriting(base).close();
  }

  private void refused(Path top, String words) throws IOException {
    Qcow2Exception refusal = assertThrows(Qcow2Exception.class, () -> open(top));
    assertEquals(Code.BACKING_REFUSED, refusal.code());
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
    HostFile.openForWriting(top).close(); // nothing is still held
  }

  private GuestDisk open(Path top) throws IOException {
    HostFile file = HostFile.openForReading(top);
    boolean done = false;
    try {
      GuestDisk disk = Qcow2Image.open(file, true, BackingFiles.of(top));
      done = true;
      return disk;
    } finally {
      if (!done) {
        file.close();
      }
    }
  }

  private Path image(BackingReference backing) throws IOException {
    Path top = folder.resolve("top.qcow2");
    Files.deleteIfExists(top);
    make(top, Optional.of(backing));
    return top;
  }

  private static void make(Path path, Optional<BackingReference> backing) throws IOException {
    CreateOptions plain = CreateOptions.ofSize(SIZE).withClusterSize(4096);
    try (HostFile file = HostFile.createNew(path)) {
      NewImage.create(file, backing.map(plain::withBacking).orElse(plain));
    }
  }
}
