package dev.drover.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One byte changed behind the demo's back, and it ends with exit code 1 and names the step. */
final class SabotagedDemoIT {

  private static final int COMPARISON = 10;

  @TempDir Path folder;

  @Test
  void aByteThatIsNotTheGuestsEndsTheDemoAtTheComparison() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Console console = new Console(new PrintStream(out, true), System.err, false);
    Demo demo =
        new Demo(
            console,
            folder,
            step -> {
              if (step == COMPARISON) {
                changeOneByte(folder.resolve("a.qcow2"));
              }
            });
    CommandFailure failure = assertThrows(CommandFailure.class, demo::run, out::toString);
    assertEquals(1, failure.exit());
    assertTrue(failure.getMessage().startsWith("step 10 ("), failure.getMessage());
    assertTrue(failure.getMessage().contains("a.qcow2 differs"), failure.getMessage());
  }

  private static void changeOneByte(Path image) {
    try (Qcow2Image disk = Qcow2Image.open(HostFile.openForWriting(image), false)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      disk.read(new GuestOffset(4096), one);
      disk.write(new GuestOffset(4096), ByteBuffer.wrap(new byte[] {(byte) ~one.get(0)}));
      disk.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
