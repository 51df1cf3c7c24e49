package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostExtent;
import dev.drover.qcow2.HostExtent.Kind;
import dev.drover.qcow2.HostMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drover image map}, after qemu-img map. */
@Command(
    name = "map",
    description = {
      "Prints where in which file of the chain the bytes of a disk are.",
      "People see the ranges with data; --output=json has all of them."
    })
final class ImageMapCommand implements Callable<Integer> {
  private final Session session;

  @Mixin private ImageToLookAt image;

  @Option(
      names = {"-s", "--start-offset"},
      defaultValue = "0",
      paramLabel = "OFFSET",
      description = "The first byte to tell of.")
  private String start;

  @Option(
      names = {"-l", "--max-length"},
      paramLabel = "LENGTH",
      description = "How much of the disk to tell of (default: all of it).")
  private String length;

  ImageMapCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Format kind = image.format();
    long from = ByteSize.parse(start).bytes();
    if (from < 0) {
      throw new IllegalValue("--start-offset '" + start + "' is negative");
    }
    try (GuestDisk disk = ImageFile.disk(image.file(), kind, image.forced())) {
      long most = disk.virtualSizeBytes() - Math.min(from, disk.virtualSizeBytes());
      long wanted = length == null ? most : Math.min(most, ByteSize.parse(length).bytes());
      Iterator<HostExtent> map = HostMap.of(disk, new GuestOffset(from), from + wanted);
      if (image.json(session)) {
        printJson(map);
      } else {
        printTable(map);
      }
    } catch (UncheckedIOException e) {
      throw QemuExit.of(QemuExit.FAILED, e.getCause());
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  /** In qemu-img's own spacing: an array with one object a line. */
  private void printJson(Iterator<HostExtent> map) {
    StringBuilder line = new StringBuilder("[");
    while (map.hasNext()) {
      line.append(json(map.next()));
      if (map.hasNext()) {
        session.console().line(line.append(',').toString());
        line.setLength(0);
      }
    }
    session.console().line(line.append(']').toString());
  }

  private static String json(HostExtent extent) {
    return ("{ \"start\": %d, \"length\": %d, \"depth\": %d, \"present\": %s, \"zero\": %s,"
            + " \"data\": %s%s}")
        .formatted(
            extent.start().bytes(),
            extent.length(),
            extent.depth(),
            extent.isAllocated(),
            extent.isZero(),
            !extent.isZero(),
            extent.hostOffset().isPresent()
                ? ", \"offset\": " + extent.hostOffset().getAsLong()
                : "");
  }

  private void printTable(Iterator<HostExtent> map) throws CommandFailure {
    Console console = session.console();
    console.line("%-16s%-16s%-16s%s".formatted("Offset", "Length", "Mapped to", "File"));
    while (map.hasNext()) {
      HostExtent extent = map.next();
      if (extent.kind() == Kind.COMPRESSED) {
        throw new CommandFailure(
            QemuExit.FAILED,
            "COMPRESSED",
            image.file() + ": File contains external, encrypted or compressed clusters.",
            "see them with --output=json",
            null);
      }
      if (!extent.isZero()) {
        console.line(
            "%-16s%-16s%-16s%s"
                .formatted(
                    hex(extent.start().bytes()),
                    hex(extent.length()),
                    hex(extent.hostOffset().orElse(0)),
                    extent.file().orElse("")));
      }
    }
  }

  /** As C's {@code %#x}, which leaves the prefix of a zero out. */
  private static String hex(long value) {
    return value == 0 ? "0" : "0x" + Long.toHexString(value);
  }
}
