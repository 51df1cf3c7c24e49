package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.DirtyBitmaps;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image bitmap}, after qemu-img bitmap. */
@Command(
    name = "bitmap",
    description = {
      "Changes a persistent dirty bitmap: what has changed on the disk since it was made or"
          + " cleared.",
      "Actions are done in the order given, each durably; the first that fails ends it."
    })
final class ImageBitmapCommand implements Callable<Integer> {
  private final Session session;

  /** One thing to do. */
  static final class Action {
    @Option(names = "--add", description = "Add it, enabled: it follows the disk's changes.")
    private boolean add;

    @Option(names = "--remove", description = "Remove it, whatever state it is in.")
    private boolean remove;

    @Option(names = "--clear", description = "Call the whole disk unchanged.")
    private boolean clear;

    @Option(names = "--enable", description = "Let it follow the disk's changes.")
    private boolean enable;

    @Option(names = "--disable", description = "Leave it as it is, whatever changes.")
    private boolean disable;

    @Option(
        names = "--merge",
        paramLabel = "SOURCE",
        description = "Add what another bitmap calls changed.")
    private String merge;
  }

  @ArgGroup(multiplicity = "1..*")
  private List<Action> actions;

  @Option(
      names = "-g",
      paramLabel = "SIZE",
      description = "For --add: bytes that one bit stands for (default: the cluster size).")
  private String granularity;

  @Option(names = "-b", paramLabel = "FILE", description = "For --merge: the image of SOURCE.")
  private Path sourceFile;

  @Option(names = "-F", paramLabel = "FMT", description = "For -b: qcow2 or raw (default: look).")
  private String sourceFormat;

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2 or raw (default: look).")
  private String format;

  @Option(names = "--yes", description = "Write to a replica, which ends being one.")
  private boolean agreed;

  @Parameters(index = "0", paramLabel = "FILE", description = "The image.")
  private Path file;

  @Parameters(index = "1", paramLabel = "BITMAP", description = "The name of the bitmap.")
  private String name;

  ImageBitmapCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    if (granularity != null && actions.stream().noneMatch(action -> action.add)) {
      throw new IllegalValue("-g is for --add");
    }
    if (sourceFile != null && actions.stream().noneMatch(action -> action.merge != null)) {
      throw new IllegalValue("-b is for --merge");
    }
    if (sourceFormat != null && sourceFile == null) {
      throw new IllegalValue("-F is for -b");
    }
    try {
      requireQcow2(file, format);
      try (Qcow2Image image = ImageFile.writable(file, agreed)) {
        DirtyBitmaps bitmaps = image.bitmaps();
        if (sourceFile == null) {
          change(bitmaps, bitmaps);
        } else {
          changeFrom(bitmaps);
        }
      }
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  private static void requireQcow2(Path path, String format) throws IOException {
    try (HostFile host = ImageFile.open(path, true)) {
      if (ImageFile.format(host, Format.parse(format)) == Format.RAW) {
        throw CommandFailure.failed(
            "BITMAP", path + ": a raw image has no bitmaps", "name a qcow2 image");
      }
    }
  }

  private void changeFrom(DirtyBitmaps bitmaps) throws IOException {
    requireQcow2(sourceFile, sourceFormat);
    HostFile host = ImageFile.open(sourceFile, false);
    try (Qcow2Image source = Qcow2Image.open(host, true, BackingFiles.of(sourceFile))) {
      change(bitmaps, source.bitmaps());
    } finally {
      host.close();
    }
  }

  private void change(DirtyBitmaps bitmaps, DirtyBitmaps source) throws IOException {
    for (Action action : actions) {
      if (action.add) {
        long bytes =
            granularity == null
                ? bitmaps.defaultGranularityBytes()
                : ByteSize.parse(granularity).bytes();
        bitmaps.add(name, bytes, true);
      } else if (action.remove) {
        bitmaps.remove(name);
      } else if (action.clear) {
        bitmaps.clear(name);
      } else if (action.enable) {
        bitmaps.enable(name);
      } else if (action.disable) {
        bitmaps.disable(name);
      } else {
        bitmaps.merge(name, source, action.merge);
      }
    }
  }
}
