package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image snapshot}, after qemu-img snapshot. */
@Command(
    name = "snapshot",
    description = {
      "Lists (-l, the default), creates, deletes or applies internal snapshots.",
      "As in qemu-img, -a takes an ID or, where there is none such, a tag; -d takes a tag."
          + " Of several with one tag it is the first."
    })
final class ImageSnapshotCommand implements Callable<Integer> {
  private static final int MOST_CHARACTERS = 255;

  private final Session session;

  /** One of them, or none. */
  static final class Wish {
    @Option(names = "-l", description = "List the snapshots.")
    private boolean list;

    @Option(names = "-c", paramLabel = "NAME", description = "Create one.")
    private String create;

    @Option(names = "-d", paramLabel = "NAME", description = "Delete one.")
    private String delete;

    @Option(names = "-a", paramLabel = "NAME", description = "Make the disk what one holds.")
    private String apply;
  }

  @ArgGroup private Wish wish;

  @Parameters(paramLabel = "FILE", description = "The image.")
  private Path file;

  @Option(names = "-q", description = "Print only errors.")
  private boolean quiet;

  @Option(names = "--yes", description = "Write to a replica, which ends being one.")
  private boolean agreed;

  @Option(
      names = {"-U", "--force-share"},
      description = "List although another process may be writing.")
  private boolean forced;

  ImageSnapshotCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    try {
      if (wish == null || wish.list) {
        list();
      } else {
        change();
      }
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  private void list() throws IOException {
    try (HostFile host = ImageFile.open(file, forced)) {
      if (ImageFile.format(host, null) == Format.QCOW2) {
        SnapshotList.print(session.console(), ImageInfo.read(host).snapshots());
      }
    }
  }

  private void change() throws IOException {
    try (Qcow2Image image = ImageFile.writable(file, agreed)) {
      if (wish.create != null) {
        requireName(wish.create);
        image.createSnapshot(
            new SnapshotSpec(
                UUID.randomUUID(), wish.create, Clock.systemUTC().instant(), new byte[0]));
      } else if (wish.delete != null) {
        image.deleteSnapshot(tagged(image, wish.delete).id());
      } else {
        image.revertToSnapshot(wish.apply);
      }
    }
  }

  private static void requireName(String name) {
    if (name.isEmpty() || name.length() > MOST_CHARACTERS) {
      throw new IllegalValue(
          "a snapshot's name has 1 to %d characters, not %d"
              .formatted(MOST_CHARACTERS, name.length()));
    }
  }

  /** Never by its id: what is meant to be one's name may be the id of another. */
  private SnapshotInfo tagged(Qcow2Image image, String tag) {
    return image.snapshots().stream()
        .filter(each -> each.name().equals(tag))
        .findFirst()
        .orElseThrow(
            () ->
                CommandFailure.failed(
                    "SNAPSHOT",
                    "%s: Could not delete snapshot '%s': snapshot not found".formatted(file, tag),
                    "give its TAG; see image snapshot -l"));
  }
}
