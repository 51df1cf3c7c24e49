package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.ClusterSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.NewImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image create}, after qemu-img create. */
@Command(
    name = "create",
    description = {
      "Makes a qcow2 or raw image. Unlike qemu-img it never replaces a file that is there.",
      "Options of -o: cluster_size, size, backing_file, backing_fmt."
    })
final class ImageCreateCommand implements Callable<Integer> {
  private static final String DEFAULT_CLUSTER = "65536";

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
    Map<String, String> given = parsedOptions();
    int cluster = ClusterSize.parse(given.getOrDefault("cluster_size", DEFAULT_CLUSTER));
    size = given.getOrDefault("size", size);
    backingFile = given.getOrDefault("backing_file", backingFile);
    backingFormat = given.getOrDefault("backing_fmt", backingFormat);
    Format kind = Format.parse(format);
    if (kind == Format.RAW && (backingFile != null || given.containsKey("cluster_size"))) {
      throw new IllegalValue("a raw image has neither a backing file nor clusters");
    }
    if (backingFile != null && backingFormat == null) {
      throw new IllegalValue("a backing file needs its format: add -F qcow2 or -F raw");
    }
    long bytes = virtualSize(cluster);
    make(kind, bytes, cluster);
    if (!quiet) {
      session.console().line(formatting(kind, bytes, cluster));
    }
    return 0;
  }

  private void make(Format kind, long bytes, int cluster) throws IOException {
    HostFile created = HostFile.createNew(file);
    boolean done = false;
    try {
      if (kind == Format.RAW) {
        created.setLength(bytes);
        created.sync();
        created.close();
      } else {
        CreateOptions wanted = CreateOptions.ofSize(bytes).withClusterSize(cluster);
        if (backingFile != null) {
          Format.parse(backingFormat);
          wanted =
              wanted.withBacking(
                  backingFormat.equals("raw")
                      ? BackingReference.raw(backingFile)
                      : BackingReference.qcow2(backingFile));
        }
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

  private Map<String, String> parsedOptions() {
    Map<String, String> given = new TreeMap<>();
    for (String list : options) {
      for (String option : list.split(",")) {
        int equals = option.indexOf('=');
        String key = equals < 0 ? option : option.substring(0, equals);
        if (equals < 0
            || !List.of("cluster_size", "size", "backing_file", "backing_fmt").contains(key)) {
          throw new IllegalValue(
              "option '%s' is not offered; known are cluster_size, size, backing_file, backing_fmt"
                  .formatted(option));
        }
        given.put(key, option.substring(equals + 1));
      }
    }
    return given;
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

  private String formatting(Format kind, long bytes, int cluster) {
    if (kind == Format.RAW) {
      return "Formatting '%s', fmt=raw size=%d".formatted(file, bytes);
    }
    String backing =
        backingFile == null
            ? ""
            : " backing_file=%s backing_fmt=%s".formatted(backingFile, backingFormat);
    return ("Formatting '%s', fmt=qcow2 cluster_size=%d extended_l2=off compression_type=zlib"
            + " size=%d%s lazy_refcounts=off refcount_bits=16")
        .formatted(file, cluster, bytes, backing);
  }
}
