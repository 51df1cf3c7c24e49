package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.WritableDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image io}, after qemu-io. */
@Command(
    name = "io",
    description = {
      "Reads and writes a disk straight, with qemu-io's commands.",
      "  write [-cCfqz] [-nu with -z] [-P PATTERN | -s FILE] OFFSET LENGTH",
      "  read [-Cqv] [-P PATTERN [-s START] [-l LENGTH]] OFFSET LENGTH",
      "  discard [-Cq] OFFSET LENGTH",
      "  flush",
      "A command that fails does not stop those behind it; then the exit code is 1."
    })
final class ImageIoCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The image.")
  private Path file;

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2 or raw (default: look).")
  private String format;

  @Option(names = "-c", required = true, paramLabel = "COMMAND", description = "What to do.")
  private List<String> commands = new ArrayList<>();

  @Option(
      names = {"-r", "--read-only"},
      description = "Open it for reading only.")
  private boolean readOnly;

  @Option(
      names = {"-U", "--force-share"},
      description = "Read although another process may be writing.")
  private boolean forced;

  @Option(names = "--yes", description = "Write to a replica, which ends being one.")
  private boolean agreed;

  ImageIoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    if (forced && !readOnly) {
      throw new IllegalValue("-U goes with -r only: nobody may write beside another writer");
    }
    try (GuestDisk disk = open()) {
      DiskCommands runner =
          new DiskCommands(disk, readOnly ? null : (WritableDisk) disk, session.console());
      boolean failed = false;
      for (String command : commands) {
        failed |= !runner.run(command);
      }
      return failed ? QemuExit.FAILED : 0;
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
  }

  private GuestDisk open() throws IOException {
    Format given = Format.parse(format);
    if (readOnly) {
      return ImageFile.disk(file, given, forced);
    }
    return ImageFile.writable(file, given, agreed);
  }
}
