package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.ClusterSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.DataFile;
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
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image create}, after qemu-img create. */
@Command(
    name = "create",
    description = {
      "Makes a qcow2 or raw image. Unlike qemu-img it never replaces a file that is there.",
      "Options of -o: size, cluster_size, compat, refcount_bits, lazy_refcounts,"
          + " extended_l2, compression_type, backing_file, backing_fmt, data_file, data_file_raw.",
      "A data_file is made, too; a relative name belongs to the image's folder."
    })
final class ImageCreateCommand implements Callable<Integer> {
  private static final String DEFAULT_CLUSTER = "65536";

  /** What a raw image can have, then what only qcow2 has. */
  private static final Set<String> KNOWN =
      Set.of(
          "size",
          "cluster_size",
          "compat",
          "refcount_bits",
          "lazy_refcounts",
          "extended_l2",
          "compression_type",
          "backing_file",
          "backing_fmt",
          "data_file",
          "data_file_raw");

  private final Session session;

  @Parameters(index = "0", paramLabel = "FILE", description = "The new image.")
  private Path file;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "SIZE",
      description = "Its virtual size; without one that of the backing file.")
  private String size;

  @Option(
      names = "-f",
      defaultValue = "raw",
      paramLabel = "FMT",
      description = "qcow2 or raw (default, as qemu-img's: raw).")
  private String format;

  @Option(names = "-o", paramLabel = "KEY=VALUE,...", description = "Options of the format.")
  private List<String> options = new ArrayList<>();

  @Option(names = "-b", paramLabel = "FILE", description = "The backing file.")
  private String backingFile;

  @Option(names = "-F", paramLabel = "FMT", description = "The backing file's format.")
  private String backingFormat;

  @Option(names = "-u", description = "Do not open the backing file.")
  private boolean unchecked;

  @Option(names = "-q", description = "Print nothing.")
  private boolean quiet;

  ImageCreateCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    FormatOptions given = new FormatOptions(options, KNOWN);
    int cluster = ClusterSize.parse(given.text("cluster_size").orElse(DEFAULT_CLUSTER));
    size = given.text("size").orElse(size);
    backingFile = given.text("backing_file").orElse(backingFile);
    backingFormat = given.text("backing_fmt").orElse(backingFormat);
    Format kind = Format.parse(format);
    if (kind == Format.RAW
        && (backingFile != null || given.keys().stream().anyMatch(key -> !key.equals("size")))) {
      throw new IllegalValue("a raw image has a size and no other option");
    }
    if (backingFile != null && backingFormat == null) {
      throw new IllegalValue("a backing file needs its format: add -F qcow2 or -F raw");
    }
    long bytes = virtualSize(cluster);
    CreateOptions wanted = wanted(given, bytes, cluster);
    make(kind, wanted);
    if (!quiet) {
      session.console().line(formatting(kind, wanted, given));
    }
    return 0;
  }

  private CreateOptions wanted(FormatOptions given, long bytes, int cluster) {
    CreateOptions wanted =
        CreateOptions.ofSize(bytes)
            .withClusterSize(cluster)
            .withVersion(given.version(FormatVersion.V3))
            .withRefcountBits(given.number("refcount_bits", 16))
            .withLazyRefcounts(given.flag("lazy_refcounts", false))
            .withExtendedL2(given.flag("extended_l2", false))
            .withCompression(given.oneOf("compression_type", Compression.class, Compression.ZLIB));
    boolean raw = given.flag("data_file_raw", false);
    if (given.text("data_file").isPresent()) {
      wanted = wanted.withDataFile(given.text("data_file").get(), raw);
    } else if (raw) {
      throw new IllegalValue("data_file_raw needs a data_file");
    }
    if (backingFile == null) {
      return wanted;
    }
    return wanted.withBacking(
        Format.parse(backingFormat) == Format.RAW
            ? BackingReference.raw(backingFile)
            : BackingReference.qcow2(backingFile));
  }

  private void make(Format kind, CreateOptions wanted) throws IOException {
    HostFile created = HostFile.createNew(file);
    boolean done = false;
    try {
      if (kind == Format.RAW) {
        created.setLength(wanted.virtualSize());
        created.sync();
        created.close();
      } else if (wanted.dataFile().isPresent()) {
        makeWithData(created, wanted, wanted.dataFile().get());
      } else {
        NewImage.create(created, wanted);
        created.close();
      }
      done = true;
    } finally {
      if (!done) {
        created.close();
        Files.deleteIfExists(file);
      }
    }
  }

  private void makeWithData(HostFile created, CreateOptions wanted, String name)
      throws IOException {
    HostFile data = DataFile.create(file, name);
    boolean done = false;
    try {
      Qcow2Image.create(created, data, wanted).close();
      done = true;
    } finally {
      if (!done) {
        data.close();
        Files.deleteIfExists(data.path());
      }
    }
  }

  private long virtualSize(int cluster) throws IOException {
    if (size != null) {
      return ByteSize.parseDisk(size, cluster).bytes();
    }
    if (backingFile == null || unchecked) {
      throw CommandFailure.usage("USAGE", "the image needs a SIZE", "add it after FILE");
    }
    Path backing = file.toAbsolutePath().resolveSibling(backingFile);
    try (GuestDisk disk = ImageFile.disk(backing, Format.parse(backingFormat), false)) {
      return disk.virtualSizeBytes();
    }
  }

  /** qemu-img's line: what was said and what it defaults to, in its order. */
  private String formatting(Format kind, CreateOptions wanted, FormatOptions given) {
    if (kind == Format.RAW) {
      return "Formatting '%s', fmt=raw size=%d".formatted(file, wanted.virtualSize());
    }
    String backing =
        backingFile == null
            ? ""
            : " backing_file=%s backing_fmt=%s".formatted(backingFile, backingFormat);
    return ("Formatting '%s', fmt=qcow2 cluster_size=%d extended_l2=%s compression_type=%s"
            + " size=%d%s%s%s lazy_refcounts=%s refcount_bits=%d")
        .formatted(
            file,
            wanted.clusterSize(),
            wanted.extendedL2() ? "on" : "off",
            wanted.compression().name().toLowerCase(Locale.ROOT),
            wanted.virtualSize(),
            given.text("compat").map(" compat="::concat).orElse(""),
            backing,
            given.text("data_file").map(" data_file="::concat).orElse("")
                + given.text("data_file_raw").map(" data_file_raw="::concat).orElse(""),
            wanted.lazyRefcounts() ? "on" : "off",
            wanted.refcountBits());
  }
}
