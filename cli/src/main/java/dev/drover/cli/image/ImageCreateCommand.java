package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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
          + " extended_l2, compression_type, preallocation, backing_file, backing_fmt, data_file,"
          + " data_file_raw.",
      "A data_file is made, too; a relative name belongs to the image's folder."
    })
final class ImageCreateCommand implements Callable<Integer> {
  private static final Set<String> RAW_OPTIONS = Set.of("size", "preallocation");

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
    FormatOptions given = new FormatOptions(options, CreationOptions.knownAnd("size"));
    if (size != null && given.has("size")) {
      throw new IllegalValue("the size is given twice, as SIZE and with -o");
    }
    size = given.text("size").orElse(size);
    Format kind = Format.parse(format);
    Optional<BackingReference> backing = BackingChoice.of(kind, backingFile, backingFormat, given);
    if (kind == Format.RAW && !RAW_OPTIONS.containsAll(given.keys())) {
      throw new IllegalValue("a raw image has size and preallocation, and no other option");
    }
    CreateOptions wanted = CreationOptions.of(given, virtualSize(backing, given));
    if (kind == Format.RAW) {
      RawSpace.requireOffered(wanted.preallocation());
    }
    if (backing.isPresent()) {
      wanted = wanted.withBacking(backing.get());
    }
    make(kind, wanted);
    if (!quiet) {
      session.console().line(formatting(kind, wanted, given));
    }
    return 0;
  }

  private void make(Format kind, CreateOptions wanted) throws IOException {
    if (kind == Format.QCOW2) {
      NewImageFile.make(file, wanted);
      return;
    }
    boolean done = false;
    try (HostFile created = HostFile.createNew(file)) {
      created.setLength(wanted.virtualSize());
      RawSpace.take(created, 0, wanted.preallocation());
      created.sync();
      done = true;
    } finally {
      if (!done) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** The backing file is looked at, if only to see whether it is there, unless -u says not to. */
  private long virtualSize(Optional<BackingReference> backing, FormatOptions given)
      throws IOException {
    long below = backing.isEmpty() || unchecked ? 0 : BackingChoice.size(file, backing.get());
    if (size != null) {
      return ByteSize.parseDisk(size, CreationOptions.clusterSize(given)).bytes();
    }
    if (backing.isEmpty() || unchecked) {
      throw new IllegalValue("the image needs a SIZE; add it after FILE");
    }
    return below;
  }

  /** qemu-img's line: what was said and what it defaults to, in its order. */
  private String formatting(Format kind, CreateOptions wanted, FormatOptions given) {
    if (kind == Format.RAW) {
      return "Formatting '%s', fmt=raw size=%d%s"
          .formatted(
              file,
              wanted.virtualSize(),
              given.text("preallocation").map(" preallocation="::concat).orElse(""));
    }
    String backing =
        wanted
            .backing()
            .map(
                reference ->
                    " backing_file=%s backing_fmt=%s"
                        .formatted(reference.name(), reference.format().orElse("")))
            .orElse("");
    return ("Formatting '%s', fmt=qcow2 cluster_size=%d extended_l2=%s%s compression_type=%s"
            + " size=%d%s%s%s lazy_refcounts=%s refcount_bits=%d")
        .formatted(
            file,
            wanted.clusterSize(),
            wanted.extendedL2() ? "on" : "off",
            given.text("preallocation").map(" preallocation="::concat).orElse(""),
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
