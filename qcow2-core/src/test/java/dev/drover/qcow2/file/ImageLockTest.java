package dev.drover.qcow2.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against QEMU in both directions, with locks of the open file and with locks of the process. */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageLockTest {

  @TempDir Path folder;
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = folder.resolve("image.qcow2");
    try (HostFile file = HostFile.createNew(image)) {
      NewImage.create(file, CreateOptions.ofSize(1 << 20));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWeWriteQemuRefusesUnlessForced(boolean nativeCalls) throws IOException {
    try (HostFile _ = open(Sharing.WRITER, nativeCalls)) {
      refusedByQemu(Qemu.io(image, "write 0 512"));
      refusedByQemu(Qemu.img("info", image));
      refusedByQemu(Qemu.img("check", image));
      Qemu.img("info", "-U", image).orFail();
      Qemu.run("qemu-io", "-r", "-U", "-f", "qcow2", "-c", "read 0 512", image).orFail();
    }
    Qemu.io(image, "write 0 512").orFail();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWeReadQemuMayReadButNotWrite(boolean nativeCalls) throws IOException {
    try (HostFile _ = open(Sharing.READER, nativeCalls)) {
      refusedByQemu(Qemu.io(image, "write 0 512"));
      Qemu.checkClean(image);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatQemuWritesWeRefuseUnlessForced(boolean nativeCalls) throws IOException {
    try (QemuSession _ = new QemuSession(List.of())) {
      refused(Sharing.WRITER, nativeCalls);
      if (nativeCalls) {
        refused(Sharing.READER, true); // the JDK alone can't ask on a read-only channel
      }
      open(Sharing.FORCED, nativeCalls).close();
    }
    open(Sharing.WRITER, nativeCalls).close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatQemuReadsWeMayReadButNotWrite(boolean nativeCalls) throws IOException {
    try (QemuSession _ = new QemuSession(List.of("-r"))) {
      refused(Sharing.WRITER, nativeCalls);
      open(Sharing.READER, nativeCalls).close();
    }
  }

  @Test
  void aRefusedOpenLeavesNoLockBehind() throws IOException {
    try (QemuSession _ = new QemuSession(List.of("-r"))) {
      refused(Sharing.WRITER, true);
      Qemu.checkClean(image);
    }
    Qemu.io(image, "write 0 512").orFail();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void partsOfThisProcessExcludeEachOtherUnderAnyName(boolean nativeCalls) throws IOException {
    Path link = Files.createLink(folder.resolve("other-name"), image);
    try (HostFile _ = open(Sharing.WRITER, nativeCalls)) {
      refused(Sharing.WRITER, nativeCalls);
      refused(Sharing.READER, nativeCalls);
      assertThrows(Qcow2Exception.class, () -> HostFile.openForReading(link));
      HostFile.openForced(link).close();
    }
    try (HostFile _ = open(Sharing.READER, nativeCalls);
        HostFile _ = open(Sharing.READER, nativeCalls)) {
      refused(Sharing.WRITER, nativeCalls);
    }
    open(Sharing.WRITER, nativeCalls).close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void closingAnotherHandleOfTheSameFileKeepsTheLock(boolean nativeCalls) throws IOException {
    HostFile forced = open(Sharing.FORCED, nativeCalls);
    try (HostFile _ = open(Sharing.WRITER, nativeCalls)) {
      forced.close();
      forced.close();
      open(Sharing.FORCED, nativeCalls).close();
      refusedByQemu(Qemu.io(image, "write 0 512"));
    }
    Qemu.io(image, "write 0 512").orFail();
  }

  @Test
  void locksOfTheOpenFileSurviveStrangersInThisProcess() throws IOException {
    try (HostFile _ = open(Sharing.WRITER, true)) {
      Files.readAllBytes(image); // opens and closes a descriptor of its own
      refusedByQemu(Qemu.io(image, "write 0 512"));
    }
  }

  private HostFile open(Sharing sharing, boolean nativeCalls) throws IOException {
    return HostFile.open(image, sharing, false, nativeCalls);
  }

  private void refused(Sharing sharing, boolean nativeCalls) {
    Qcow2Exception refusal =
        assertThrows(Qcow2Exception.class, () -> open(sharing, nativeCalls).close());
    assertEquals(Code.IMAGE_IN_USE, refusal.code());
  }

  private static void refusedByQemu(Qemu.Result result) {
    assertNotEquals(0, result.exitCode());
    assertTrue(result.output().contains("lock"), result.output());
  }

  /** A qemu-io that has the image open until it is closed. */
  private final class QemuSession implements AutoCloseable {

    private final Process process;

    QemuSession(List<String> options) throws IOException {
      List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
      command.addAll(options);
      command.add(image.toString());
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().write("read 0 512\n".getBytes(StandardCharsets.US_ASCII));
      process.getOutputStream().flush();
      BufferedReader said = process.inputReader();
      String line = said.readLine();
      while (line != null && !line.contains("read 512/512")) {
        line = said.readLine();
      }
      assertTrue(line != null, "qemu-io did not open the image");
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      process.onExit().join();
    }
  }
}
