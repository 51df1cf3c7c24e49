package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.ImageMeasure;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image measure}, after qemu-img measure. */
@Command(
    name = "measure",
    description = {
      "Says how large a file a new image needs: for an empty disk (--size), or for a copy of FILE.",
      "Options of -o are those of create; preallocation: off, metadata, falloc, full."
    })
final class ImageMeasureCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(arity = "0..1", paramLabel = "FILE", description = "The image to be copied.")
  private Path file;

  @Option(names = "--size", paramLabel = "SIZE", description = "Of an empty disk.")
  private String size;

  @Option(names = "-f", paramLabel = "FMT", description = "Format of FILE (default: look).")
  private String format;

  @Option(
      names = "-O",
      defaultValue = "raw",
      paramLabel = "FMT",
      description = "Format of the new image: qcow2 or raw (default, as qemu-img's: raw).")
  private String outputFormat;

  @Option(names = "-o", paramLabel = "KEY=VALUE,...", description = "Options of that format.")
  private List<String> options = new ArrayList<>();

  @Option(names = "-l", paramLabel = "SNAPSHOT", description = "A copy of what a snapshot holds.")
  private String snapshot;

  @Option(
      names = "--output",
      defaultValue = "human",
      paramLabel = "human|json",
      description = "How to print it.")
  private OutputFormat output;

  @Option(
      names = {"-U", "--force-share"},
      description = "Look although another process may be writing.")
  private boolean forced;

  ImageMeasureCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    if ((size == null) == (file == null)) {
      throw new IllegalValue("give either --size or FILE");
    }
    if (size != null && (format != null || snapshot != null)) {
      throw new IllegalValue("-f and -l are for FILE");
    }
    Format to = Format.parse(outputFormat);
    FormatOptions given = new FormatOptions(options, CreationOptions.knownAnd("size"));
    try {
      print(size == null ? ofFile(to, given) : ofSize(to, given));
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  private ImageMeasure ofSize(Format to, FormatOptions given) throws IOException {
    CreateOptions wanted =
        wanted(given, CreateOptions.roundUpToSectors(ByteSize.parse(size).bytes()));
    return to == Format.RAW
        ? raw(wanted.virtualSize())
        : preallocated(given, ImageMeasure.of(wanted));
  }

  private ImageMeasure ofFile(Format to, FormatOptions given) throws IOException {
    try (GuestDisk disk = ImageFile.disk(file, Format.parse(format), forced)) {
      long bytes = disk.virtualSizeBytes();
      if (to == Format.RAW) {
        return raw(bytes);
      }
      CreateOptions wanted = wanted(given, bytes);
      ImageMeasure measure = preallocated(given, ImageMeasure.of(wanted, content(disk)));
      return disk instanceof Qcow2Image image && image.header().hasFeatures()
          ? measure.withBitmaps(wanted, image.bitmaps().list(), bytes)
          : measure;
    }
  }

  private GuestDisk content(GuestDisk disk) throws IOException {
    return snapshot == null ? disk : SnapshotChoice.in(disk, snapshot);
  }

  /** What a hole saves on a host counts, as qemu-img counts. */
  private static ImageMeasure raw(long bytes) {
    return new ImageMeasure(bytes, bytes, OptionalLong.empty());
  }

  private static ImageMeasure preallocated(FormatOptions given, ImageMeasure measure) {
    return switch (given.oneOf("preallocation", Preallocation.class, Preallocation.OFF)) {
      case OFF, METADATA -> measure;
      case FALLOC, FULL -> measure.withDataAllocated();
    };
  }

  private static CreateOptions wanted(FormatOptions given, long bytes) {
    CreateOptions wanted =
        CreateOptions.ofSize(bytes)
            .withClusterSize(CreationOptions.clusterSize(given))
            .withVersion(given.version(FormatVersion.V3))
            .withRefcountBits(given.number("refcount_bits", 16))
            .withExtendedL2(given.flag("extended_l2", false));
    return given
        .text("backing_file")
        .map(name -> wanted.withBacking(new BackingReference(name, Optional.empty())))
        .orElse(wanted);
  }

  private void print(ImageMeasure measure) {
    if (output == OutputFormat.JSON || session.console().json()) {
      Fields fields = new Fields();
      measure.bitmapsBytes().ifPresent(bytes -> fields.and("bitmaps", bytes));
      session
          .console()
          .indented(
              fields
                  .and("required", measure.requiredBytes())
                  .and("fully-allocated", measure.fullyAllocatedBytes())
                  .map());
      return;
    }
    session.console().line("required size: " + measure.requiredBytes());
    session.console().line("fully allocated size: " + measure.fullyAllocatedBytes());
    measure.bitmapsBytes().ifPresent(bytes -> session.console().line("bitmaps size: " + bytes));
  }
}
