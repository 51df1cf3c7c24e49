package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.ImageRebase;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image rebase}, after qemu-img rebase. */
@Command(
    name = "rebase",
    description = {
      "Puts an image onto another backing file; its content stays, what it needs of the old one is"
          + " copied into it first.",
      "-u only changes the name in its header: for a backing file that was moved or copied."
    })
final class ImageRebaseCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The image.")
  private Path file;

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2, the format with backing files.")
  private String format;

  @Option(
      names = "-b",
      paramLabel = "BACKING",
      description = "The new backing file, as seen from FILE's folder; '': none.")
  private String backing;

  @Option(names = "-F", paramLabel = "FMT", description = "The new backing file's format.")
  private String backingFormat;

  @Option(names = "-u", description = "Unsafe: change the name and nothing else.")
  private boolean unsafe;

  @Option(names = "--yes", description = "Write to a replica, which ends being one.")
  private boolean agreed;

  @Mixin private ImageProgress progress;

  @Mixin private HostCache cache;

  @Mixin private SourceCache sourceCache;

  ImageRebaseCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    cache.check();
    sourceCache.check();
    if (Format.parse(format) == Format.RAW) {
      throw new IllegalValue("a raw image has no backing file");
    }
    if (backing == null && !unsafe) {
      throw new IllegalValue("Must specify backing file (-b) or use unsafe mode (-u)");
    }
    Optional<BackingReference> onto = reference();
    try (HostFile host = HostFile.openForWriting(file)) {
      ImageInfo info = ImageInfo.read(host);
      new ImageChain.Link(file, Optional.of(info)).requireAgreed(agreed);
      if (unsafe) {
        ImageRebase.rename(host, BackingFiles.of(file), onto);
      } else {
        requireThere(onto);
        ImageRebase.rebase(
            host, BackingFiles.of(file), onto, progress.of(session, info.virtualSizeBytes()));
      }
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  /** Said here, where it cannot be taken for a file that the image names already. */
  private void requireThere(Optional<BackingReference> onto) {
    if (onto.isPresent() && Files.notExists(file.toAbsolutePath().resolveSibling(backing))) {
      throw new CommandFailure(
          QemuExit.FAILED,
          "NO_SUCH_FILE",
          "Could not open new backing file '%s': it does not exist".formatted(backing),
          "check -b; the image is as it was",
          null);
    }
  }

  private Optional<BackingReference> reference() {
    if (backing == null || backing.isEmpty()) {
      return Optional.empty();
    }
    if (backingFormat == null) {
      throw new IllegalValue(
          "Could not change the backing file to '%s': backing format must be specified, add -F"
              .formatted(backing));
    }
    return Optional.of(
        new BackingReference(backing, Optional.of(Format.parse(backingFormat).text())));
  }
}
