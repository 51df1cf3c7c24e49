package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image resize}, after qemu-img resize. */
@Command(
    name = "resize",
    description = {
      "Changes a disk's size. What is added reads as zeroes; what is lost is lost, hence --shrink.",
      "For a size to take away, end the options first: image resize --shrink -- FILE -1G"
    })
final class ImageResizeCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "FILE", description = "The image.")
  private Path file;

  @Parameters(
      index = "1",
      paramLabel = "[+|-]SIZE",
      description = "The new size, or how much to add or take away.")
  private String size;

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2 or raw (default: look).")
  private String format;

  @Option(names = "--shrink", description = "Let what is behind a smaller size go.")
  private boolean shrink;

  @Option(
      names = "--preallocation",
      paramLabel = "MODE",
      description = "What is added has its space at once: off (default), metadata, falloc, full.")
  private String preallocation;

  @Option(names = "-q", description = "Print only errors.")
  private boolean quiet;

  @Option(names = "--yes", description = "Write to a replica, which ends being one.")
  private boolean agreed;

  ImageResizeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Format given = Format.parse(format);
    Preallocation added = RawSpace.mode(preallocation);
    try {
      if (formatOf(given) == Format.RAW) {
        resizeRaw(added);
      } else {
        try (Qcow2Image image = ImageFile.writable(file, agreed)) {
          long wanted = wanted(image.virtualSizeBytes(), added);
          if (added == Preallocation.OFF) {
            image.resize(wanted);
          } else {
            image.grow(wanted, added);
          }
        }
      }
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    if (!quiet) {
      session.console().line("Image resized.");
    }
    return 0;
  }

  private Format formatOf(Format given) throws IOException {
    try (HostFile host = HostFile.openForReading(file)) {
      return ImageFile.format(host, given);
    }
  }

  private void resizeRaw(Preallocation added) throws IOException {
    RawSpace.requireOffered(added);
    try (HostFile host = HostFile.openForWriting(file)) {
      long before = CreateOptions.roundUpToSectors(host.length());
      host.setLength(wanted(before, added));
      RawSpace.take(host, before, added);
      host.sync();
    }
  }

  private long wanted(long now, Preallocation added) {
    char sign = size.isEmpty() ? ' ' : size.charAt(0);
    boolean relative = sign == '+' || sign == '-';
    long bytes = ByteSize.parse(relative ? size.substring(1) : size).bytes();
    long exactly = !relative ? bytes : sign == '+' ? Math.addExact(now, bytes) : now - bytes;
    long wanted = CreateOptions.roundUpToSectors(exactly);
    if (wanted != exactly) {
      session.console().remark("size rounded up to %d bytes".formatted(wanted));
    }
    if (wanted <= 0) {
      throw new IllegalValue(file + ": the new size must be positive");
    }
    if (wanted < now && added != Preallocation.OFF) {
      throw new IllegalValue("Preallocation can only be used for growing images");
    }
    if (wanted < now && !shrink) {
      throw CommandFailure.failed(
          "SHRINK",
          file + ": " + wanted + " bytes are less than its " + now + ", what is behind gets lost",
          "shrink partitions and file systems in it first, then add --shrink");
    }
    return wanted;
  }
}
