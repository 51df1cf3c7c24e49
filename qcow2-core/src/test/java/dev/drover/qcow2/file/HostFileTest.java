package dev.drover.qcow2.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.DiskFullException;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the C library's calls and without: the second is what other systems get. */
final class HostFileTest {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void keepsThePromisesOfABlockFile(boolean nativeCalls) throws IOException {
    Path path = folder.resolve("disk");
    try (HostFile file = HostFile.open(path, Sharing.WRITER, true, nativeCalls)) {
      assertEquals(0, file.length());
      file.write(filled(3, 1000), 500);
      assertEquals(1500, file.length());
      file.setLength(4000);
      file.setLength(5000);
      assertEquals(5000, file.length());
      ByteBuffer read = filled(9, 6000);
      file.read(read, 0);
      assertEquals(0, read.remaining());
      byte[] expected = new byte[6000];
      Arrays.fill(expected, 500, 1500, (byte) 3);
      assertArrayEquals(expected, read.array());

      file.setLength(1000);
      file.setLength(2000);
      assertEquals(3, byteAt(file, 999));
      assertEquals(0, byteAt(file, 1000), "what was cut off is gone");
      assertEquals(0, byteAt(file, 1L << 50));
      file.sync();
      file.punch(0, 512);
      assertEquals(2000, file.length());
    }
    assertEquals(2000, Files.size(path));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void tellsNoDataForAHole(boolean nativeCalls) throws IOException {
    try (HostFile file = HostFile.open(folder.resolve("f"), Sharing.WRITER, true, nativeCalls)) {
      file.setLength(3 << 20);
      file.write(filled(1, 10), (1 << 20) + 5000);
      file.sync();
      for (long at = 0; at < 4 << 20; at += 100_003) {
        long data = file.nextData(at);
        long hole = file.nextHole(at);
        assertTrue(data >= at && hole >= at, at + ": " + data + " " + hole);
        boolean before = at < (1 << 20) + 5010;
        assertTrue(data <= (1 << 20) + 5000 || !before, "data at " + data + ", asked at " + at);
        if (nativeCalls && Libc.INSTANCE.isPresent()) {
          assertTrue(data >= 1 << 20, "the filesystem under the test knows no holes?");
          assertTrue(before || data == Long.MAX_VALUE, "data at " + data + ", asked at " + at);
        }
      }
    }
  }

  @Test
  @RequiresTools("mkfifo")
  @Timeout(20)
  void aPipeIsRefusedAndNotWaitedFor() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    for (boolean nativeCalls : new boolean[] {true, false}) {
      for (Sharing sharing : Sharing.values()) {
        assertThrows(
            FileSystemException.class, () -> HostFile.open(pipe, sharing, false, nativeCalls));
      }
    }
  }

  @Test
  void aFolderThatIsMissingIsNamed() {
    var e =
        assertThrows(
            NoSuchFileException.class, () -> HostFile.createNew(folder.resolve("no/disk")));
    assertEquals(folder.resolve("no").toString(), e.getFile());
  }

  @Test
  @RequiresTools("stat")
  void punchingGivesSpaceBack() throws IOException {
    assumeTrue(Libc.INSTANCE.isPresent());
    Path path = folder.resolve("disk");
    try (HostFile file = HostFile.createNew(path)) {
      file.write(filled(1, 1 << 20), 0);
      file.sync();
      long before = blocks(path);
      assertEquals(512 * before, file.allocatedBytes());
      file.punch(0, 1 << 20);
      assertEquals(1 << 20, file.length());
      assertTrue(blocks(path) < before, "the filesystem under the test can't punch?");
      assertEquals(0, byteAt(file, 4096));
    }
  }

  private static long blocks(Path path) {
    return Long.parseLong(Qemu.run("stat", "-c", "%b", path).orFail().output().strip());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFullDiskIsToldApart(boolean nativeCalls) throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full));
    try (HostFile file = HostFile.open(full, Sharing.WRITER, false, nativeCalls)) {
      assertThrows(DiskFullException.class, () -> file.write(filled(1, 512), 0));
    }
  }

  @Test
  void anInterruptedThreadDoesNotCloseTheFileForOthers() throws IOException {
    try (HostFile file = HostFile.createNew(folder.resolve("disk"))) {
      Thread.currentThread().interrupt();
      try {
        file.write(filled(7, 512), 0);
        file.sync();
        assertEquals(7, byteAt(file, 0));
      } finally {
        assertTrue(Thread.interrupted(), "and stays interrupted");
      }
      assertEquals(512, file.length());
    }
  }

  @Test
  void writingNeedsAFileOpenedForIt() throws IOException {
    Path path = Files.createFile(folder.resolve("disk"));
    try (HostFile file = HostFile.openForReading(path)) {
      Qcow2Exception refusal =
          assertThrows(Qcow2Exception.class, () -> file.write(filled(1, 1), 0));
      assertEquals(Code.READ_ONLY, refusal.code());
      assertThrows(Qcow2Exception.class, () -> file.setLength(5));
      assertThrows(Qcow2Exception.class, () -> file.punch(0, 5));
    }
    assertEquals(0, Files.size(path));
  }

  @Test
  void missingAndPresentFilesAreLeftAlone() throws IOException {
    Path path = folder.resolve("disk");
    assertThrows(NoSuchFileException.class, () -> HostFile.openForWriting(path));
    assertThrows(NoSuchFileException.class, () -> HostFile.openForReading(path));
    assertTrue(Files.notExists(path));
    Files.writeString(path, "precious");
    assertThrows(FileAlreadyExistsException.class, () -> HostFile.createNew(path));
    assertEquals("precious", Files.readString(path));
  }

  /** Its channel and its descriptor must be of one file, or locks and lengths are another's. */
  @Test
  void aFileWhoseNameIsTakenWhileItIsOpenedIsOneFileOrNone() throws Exception {
    assumeTrue(Libc.INSTANCE.isPresent());
    Path path = folder.resolve("disk");
    Path other = Files.write(folder.resolve("other"), new byte[2000]);
    Files.write(path, new byte[1000]);
    AtomicBoolean over = new AtomicBoolean();
    Path spare = folder.resolve("spare");
    Thread swapping = Thread.ofPlatform().start(() -> swapUntil(over, path, other, spare));
    try {
      for (int i = 0; i < 2000; i++) {
        try (HostFile file = HostFile.openForWriting(path)) {
          long before = file.length();
          file.setLength(before + 1);
          assertEquals(before + 1, file.length(), "the channel's and the descriptor's file");
          file.setLength(before);
        } catch (NoSuchFileException e) {
          // Between two names.
        } catch (IOException e) {
          assertTrue(e.getMessage().contains("replaced by another file"), e.getMessage());
        }
      }
    } finally {
      over.set(true);
      swapping.join();
    }
  }

  private static void swapUntil(AtomicBoolean over, Path a, Path b, Path spare) {
    try {
      while (!over.get()) {
        Files.move(a, spare);
        Files.move(b, a);
        Files.move(spare, b);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFolderIsNoFile(boolean nativeCalls) {
    for (Sharing sharing : Sharing.values()) {
      IOException e =
          assertThrows(
              FileSystemException.class, () -> HostFile.open(folder, sharing, false, nativeCalls));
      assertEquals(folder + ": Is a directory", e.getMessage());
    }
  }

  @Test
  void identityFollowsTheFileAndNotItsName() throws IOException {
    Path path = Files.writeString(folder.resolve("disk"), "x");
    FileIdentity identity;
    try (HostFile file = HostFile.openForReading(path)) {
      identity = file.identity();
    }
    Path link = Files.createSymbolicLink(folder.resolve("link"), path);
    assertEquals(identity, FileIdentity.of(link));
    Path moved = Files.move(path, folder.resolve("moved"));
    assertEquals(identity, FileIdentity.of(moved));
    assertNotEquals(identity, FileIdentity.of(Files.copy(moved, folder.resolve("copy"))));
  }

  private static ByteBuffer filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  private static int byteAt(HostFile file, long offset) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    file.read(one, offset);
    return one.get(0);
  }
}
