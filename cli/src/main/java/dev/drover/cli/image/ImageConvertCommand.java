package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.JoinedDisks;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image convert}, after qemu-img convert. */
@Command(
    name = "convert",
    description = {
      "Copies a disk, with its backing chain, into a new image of either format; several, one"
          + " behind the other.",
      "Unlike qemu-img it never replaces a file that is there; -n writes into one.",
      "Options of -o: cluster_size, compat, refcount_bits, lazy_refcounts, extended_l2,"
          + " compression_type, preallocation, backing_file, backing_fmt, data_file,"
          + " data_file_raw."
    })
final class ImageConvertCommand implements Callable<Integer> {
  private static final int LARGEST_SPARSE = 16 << 20;
  private static final int MOST_WORKERS = 16;

  private final Session session;

  @Parameters(
      arity = "2..*",
      paramLabel = "FILE",
      description = "The image, or images, to copy; the last one is the new image.")
  private List<Path> files = new ArrayList<>();

  @Option(names = "-f", paramLabel = "FMT", description = "Format of FILE (default: look).")
  private String format;

  @Option(
      names = "-O",
      defaultValue = "raw",
      paramLabel = "FMT",
      description = "Format of the new image: qcow2 or raw (default, as qemu-img's: raw).")
  private String outputFormat;

  @Option(names = "-o", paramLabel = "KEY=VALUE,...", description = "Options of its format.")
  private List<String> options = new ArrayList<>();

  @Option(
      names = "-B",
      paramLabel = "FILE",
      description = "Its backing file: only what differs from that is written.")
  private String backing;

  @Option(names = "-F", paramLabel = "FMT", description = "The backing file's format.")
  private String backingFormat;

  @Option(names = "-c", description = "Compress (qcow2 only).")
  private boolean compressed;

  @Option(
      names = "-S",
      defaultValue = "4k",
      paramLabel = "BYTES",
      description = "How many zero bytes in a row become a hole; 0: none, all is written.")
  private String sparse;

  @Option(
      names = "-l",
      paramLabel = "SNAPSHOT",
      description = "Copy what a snapshot holds; by name, id, or snapshot.id=ID.")
  private String snapshot;

  @Option(names = "-n", description = "Write into an image that is there and large enough.")
  private boolean existing;

  @Option(names = "--target-is-zero", description = "With -n: it reads as zeroes all over.")
  private boolean blank;

  @Option(names = "--bitmaps", description = "Copy the dirty bitmaps, too (qcow2 only).")
  private boolean bitmaps;

  @Option(
      names = "--skip-broken-bitmaps",
      description = "With --bitmaps: leave out those that are not to be trusted.")
  private boolean brokenSkipped;

  @Option(
      names = "-m",
      defaultValue = "8",
      paramLabel = "N",
      description = "How many threads read and compress at a time, 1 to 16 (default: 8).")
  private int workers;

  @Option(names = "-W", description = "Let them write in any order; not with -c.")
  private boolean anyOrder;

  @Option(names = "--yes", description = "With -n: write to a replica, which ends being one.")
  private boolean agreed;

  @Option(
      names = {"-U", "--force-share"},
      description = "Read although another process may be writing.")
  private boolean forced;

  @Mixin private ImageProgress progress;

  @Mixin private HostCache cache;

  @Mixin private SourceCache sourceCache;

  ImageConvertCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    cache.check();
    sourceCache.check();
    Format from = Format.parse(format);
    Format to = Format.parse(outputFormat);
    FormatOptions given = new FormatOptions(options, CreationOptions.knownAnd());
    Optional<BackingReference> below = BackingChoice.of(to, backing, backingFormat, given);
    check(to, given, below.isPresent());
    ConvertTarget target =
        new ConvertTarget(files.getLast(), to, given, below)
            .compressed(compressed)
            .copying(sparseBytes(), workers, anyOrder && !compressed);
    try (GuestDisk opened = source(from)) {
      GuestDisk disk = snapshot == null ? opened : SnapshotChoice.in(opened, snapshot);
      Optional<BitmapCopy> copied = bitmapCopy(opened);
      target.showing(progress.of(session, disk.virtualSizeBytes()));
      if (existing) {
        target.fill(disk, blank, agreed, copied);
      } else {
        target.make(disk, copied);
      }
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  /** What contradicts itself, in the words of qemu-img. */
  private void check(Format to, FormatOptions given, boolean backed) {
    if (workers < 1 || workers > MOST_WORKERS) {
      throw new IllegalValue(
          "-m %d: the number of workers is between 1 and %d".formatted(workers, MOST_WORKERS));
    }
    if (to == Format.RAW && compressed) {
      throw new IllegalValue("Compression not supported for this file format, raw");
    }
    if (to == Format.RAW && bitmaps) {
      throw new IllegalValue("Format driver 'raw' does not support bitmaps");
    }
    if (to == Format.RAW && !Set.of("preallocation").containsAll(given.keys())) {
      throw new IllegalValue("a raw image has preallocation, and no other option");
    }
    if (to == Format.RAW) {
      RawSpace.requireOffered(CreationOptions.preallocation(given));
    }
    if (existing && !given.keys().isEmpty()) {
      throw new IllegalValue("-o has no effect when skipping image creation");
    }
    if (existing && backed) {
      throw new IllegalValue("-B goes with a new image, and -n is for one that is there");
    }
    if (blank && !existing) {
      throw new IllegalValue("--target-is-zero requires use of -n flag");
    }
    if (brokenSkipped && !bitmaps) {
      throw new IllegalValue("Use of --skip-broken-bitmaps requires --bitmaps");
    }
    boolean several = files.size() > 2;
    if (several && backed) {
      throw new IllegalValue(
          "Having a backing file for the target makes no sense when concatenating multiple input"
              + " images");
    }
    if (several && (snapshot != null || bitmaps)) {
      throw new IllegalValue("No support for concatenating multiple snapshots or bitmaps");
    }
  }

  private int sparseBytes() {
    long bytes = ByteSize.parse(sparse).bytes();
    if (bytes % ByteSize.SECTOR_BYTES != 0 || bytes > LARGEST_SPARSE) {
      throw new IllegalValue(
          "-S %s: valid sizes are multiples of 512 up to %d; 0 writes everything"
              .formatted(sparse, LARGEST_SPARSE));
    }
    return (int) bytes;
  }

  private GuestDisk source(Format from) throws IOException {
    List<GuestDisk> disks = new ArrayList<>();
    boolean done = false;
    try {
      for (Path file : files.subList(0, files.size() - 1)) {
        disks.add(ImageFile.disk(file, from, forced));
      }
      done = true;
      return disks.size() == 1 ? disks.getFirst() : new JoinedDisks(disks);
    } finally {
      if (!done) {
        new JoinedDisks(disks).close();
      }
    }
  }

  private Optional<BitmapCopy> bitmapCopy(GuestDisk disk) throws IOException {
    if (!bitmaps) {
      return Optional.empty();
    }
    if (disk instanceof Qcow2Image image) {
      return Optional.of(BitmapCopy.of(image, files.getFirst(), brokenSkipped, session.console()));
    }
    throw CommandFailure.failed(
        "BITMAP", files.getFirst() + ": a raw image has no bitmaps", "leave --bitmaps out");
  }
}
