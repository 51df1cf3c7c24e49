package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.Comparison;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.ImageCompare;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image compare}, after qemu-img compare. */
@Command(
    name = "compare",
    description = {
      "Compares what guests would see in two images.",
      "Exits 0 when that is the same, 1 when it differs, 2 when an image cannot be opened, 4 when"
          + " it cannot be read."
    })
final class ImageCompareCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "FILE_A", description = "An image.")
  private Path one;

  @Parameters(index = "1", paramLabel = "FILE_B", description = "Another.")
  private Path other;

  @Option(names = "-f", paramLabel = "FMT", description = "Format of the first (default: look).")
  private String oneFormat;

  @Option(names = "-F", paramLabel = "FMT", description = "Format of the second (default: look).")
  private String otherFormat;

  @Option(
      names = "-s",
      description =
          "Strict: another size is a difference, and so are zeroes where the other has none.")
  private boolean strict;

  @Option(names = "-p", description = "Show progress.")
  private boolean progress;

  @Option(names = "-q", description = "Print only errors.")
  private boolean quiet;

  @Option(
      names = {"-U", "--force-share"},
      description = "Look although another process may be writing.")
  private boolean forced;

  @Mixin private SourceCache sourceCache;

  ImageCompareCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    sourceCache.check();
    Format oneIs = format(oneFormat);
    Format otherIs = format(otherFormat);
    try (GuestDisk a = opened(one, oneIs);
        GuestDisk b = opened(other, otherIs)) {
      Comparison found;
      try {
        found = ImageCompare.compare(a, b, this::show);
      } catch (IOException e) {
        throw QemuExit.of(QemuExit.CANNOT_READ, e);
      }
      return tell(found);
    }
  }

  /** An unknown one must not end as two images that differ do. */
  private static Format format(String name) {
    try {
      return Format.parse(name);
    } catch (IllegalValue e) {
      throw new CommandFailure(QemuExit.CANNOT_OPEN, "ILLEGAL_VALUE", e.getMessage(), "", e);
    }
  }

  private GuestDisk opened(Path path, Format format) {
    try {
      return ImageFile.disk(path, format, forced);
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.CANNOT_OPEN, e);
    }
  }

  private void show(long compared) {
    if (progress) {
      session.console().bar(ByteSize.text(compared) + " compared");
    }
  }

  private int tell(Comparison found) {
    boolean sizesDiffer = found.sizeBytes() != found.otherSizeBytes();
    boolean same = strict ? found.isStrictlySame() : found.isSame();
    Console console = session.console();
    if (console.json()) {
      Long offset =
          found.firstDifference().isPresent() ? found.firstDifference().getAsLong() : null;
      console.object(
          Fields.of("identical", same)
              .and("firstDifference", offset)
              .and("sizes", new long[] {found.sizeBytes(), found.otherSizeBytes()}));
      return same ? 0 : 1;
    }
    if (quiet) {
      return same ? 0 : 1;
    }
    if (strict && sizesDiffer) {
      console.line("Strict mode: Image size mismatch!");
      return 1;
    }
    if (sizesDiffer) {
      console.line("Warning: Image size mismatch!");
    }
    if (strict && found.firstOtherKind().isPresent()) {
      console.line(
          "Strict mode: Offset %d block status mismatch!"
              .formatted(found.firstOtherKind().getAsLong()));
      return 1;
    }
    console.line(
        found.firstDifference().isPresent()
            ? "Content mismatch at offset " + found.firstDifference().getAsLong() + "!"
            : "Images are identical.");
    return same ? 0 : 1;
  }
}
