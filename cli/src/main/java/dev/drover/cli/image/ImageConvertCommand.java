package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.ClusterSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.DiskCopy;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.NewImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image convert}, after qemu-img convert. */
@Command(
    name = "convert",
    description = {
      "Copies a disk, with its backing chain, into a new image of either format.",
      "Unlike qemu-img it never replaces a file that is there.",
      "Options of -o: cluster_size, compat, refcount_bits, lazy_refcounts, extended_l2,"
          + " compression_type."
    })
final class ImageConvertCommand implements Callable<Integer> {
  private static final Set<String> KNOWN =
      Set.of(
          "cluster_size",
          "compat",
          "refcount_bits",
          "lazy_refcounts",
          "extended_l2",
          "compression_type");

  private final Session session;

  @Parameters(index = "0", paramLabel = "FILE", description = "The image to copy.")
  private Path source;

  @Parameters(index = "1", paramLabel = "OUTPUT", description = "The new image.")
  private Path output;

  @Option(names = "-f", paramLabel = "FMT", description = "Format of FILE (default: look).")
  private String format;

  @Option(
      names = "-O",
      defaultValue = "raw",
      paramLabel = "FMT",
      description = "Format of OUTPUT: qcow2 or raw (default, as qemu-img's: raw).")
  private String outputFormat;

  @Option(names = "-o", paramLabel = "KEY=VALUE,...", description = "Options of OUTPUT's format.")
  private List<String> options = new ArrayList<>();

  @Option(names = "-c", description = "Compress (qcow2 only).")
  private boolean compressed;

  @Option(
      names = "-S",
      defaultValue = "4k",
      paramLabel = "BYTES",
      description = "How many zero bytes in a row become a hole; 0: none, all is written.")
  private String sparse;

  @Option(names = "-l", paramLabel = "SNAPSHOT", description = "Copy what a snapshot holds.")
  private String snapshot;

  @Option(names = "-p", description = "Show progress.")
  private boolean progress;

  @Option(names = "-q", description = "Print only errors.")
  private boolean quiet;

  @Option(
      names = {"-U", "--force-share"},
      description = "Read although another process may be writing.")
  private boolean forced;

  ImageConvertCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Format from = Format.parse(format);
    Format to = Format.parse(outputFormat);
    FormatOptions given = new FormatOptions(options, KNOWN);
    if (to == Format.RAW && (compressed || !given.keys().isEmpty())) {
      throw new IllegalValue("a raw image has neither options nor compression");
    }
    int zeroes = Math.toIntExact(Math.min(ByteSize.parse(sparse).bytes(), 2 << 20));
    try (GuestDisk disk = ImageFile.disk(source, from, forced)) {
      if (snapshot == null) {
        copy(disk, to, given, zeroes);
      } else if (disk instanceof Qcow2Image image) {
        copy(image.openSnapshot(snapshot), to, given, zeroes);
      } else {
        throw CommandFailure.failed(
            "SNAPSHOT", source + ": a raw image has no snapshots", "leave -l out");
      }
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  /** The file appears complete or not at all, but for a kill. */
  private void copy(GuestDisk disk, Format to, FormatOptions given, int zeroes) throws IOException {
    HostFile file = HostFile.createNew(output);
    boolean done = false;
    try {
      DiskCopy copy = new DiskCopy(disk, zeroes, copied -> show(copied, disk.virtualSizeBytes()));
      if (to == Format.RAW) {
        copy.intoRaw(file);
        file.close();
      } else {
        NewImage.create(file, wanted(given, disk.virtualSizeBytes()));
        try (Qcow2Image image = Qcow2Image.open(file, false, BackingOpener.REFUSE)) {
          copy.into(image, compressed);
        }
      }
      done = true;
    } finally {
      if (!done) {
        file.close();
        Files.deleteIfExists(output);
      }
    }
  }

  private static CreateOptions wanted(FormatOptions given, long size) {
    return CreateOptions.ofSize(size)
        .withClusterSize(ClusterSize.parse(given.text("cluster_size").orElse("65536")))
        .withVersion(given.version(FormatVersion.V3))
        .withRefcountBits(given.number("refcount_bits", 16))
        .withLazyRefcounts(given.flag("lazy_refcounts", false))
        .withExtendedL2(given.flag("extended_l2", false))
        .withCompression(given.oneOf("compression_type", Compression.class, Compression.ZLIB));
  }

  private void show(long copied, long size) {
    if (progress && !quiet) {
      session.console().bar("(%.2f/100%%)".formatted(size == 0 ? 100 : 100.0 * copied / size));
    }
  }
}
