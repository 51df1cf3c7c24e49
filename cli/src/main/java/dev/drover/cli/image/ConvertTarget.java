package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.DiskCopy;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.RawDisk;
import dev.drover.qcow2.WritableDisk;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;

/** What a conversion writes to: a new file, which appears complete or not at all, or one there. */
final class ConvertTarget {
  private static final int MOST_SPARSE = 2 << 20; // what a copy looks at in one go

  private final Path output;
  private final Format format;
  private final FormatOptions given;
  private final Optional<BackingReference> backing;
  private boolean compressed;
  private int sparseBytes;
  private int workers = 1;
  private boolean anyOrder;
  private LongConsumer progress = done -> {};

  ConvertTarget(
      Path output, Format format, FormatOptions given, Optional<BackingReference> backing) {
    this.output = output;
    this.format = format;
    this.given = given;
    this.backing = backing;
  }

  ConvertTarget compressed(boolean wanted) {
    compressed = wanted;
    return this;
  }

  ConvertTarget copying(int sparse, int threads, boolean inAnyOrder) {
    sparseBytes = Math.min(sparse, MOST_SPARSE);
    workers = threads;
    anyOrder = inAnyOrder;
    return this;
  }

  void showing(LongConsumer shown) {
    progress = shown;
  }

  private DiskCopy copy(GuestDisk disk) {
    return new DiskCopy(disk, sparseBytes, progress).withWorkers(workers, anyOrder);
  }

  /** New files; none is left of a conversion that fails, but for a kill. */
  void make(GuestDisk disk, Optional<BitmapCopy> bitmaps) throws IOException {
    Path[] made =
        format == Format.RAW ? new Path[] {newFile(disk)} : NewImageFile.make(output, wanted(disk));
    boolean done = false;
    try (HostFile file = HostFile.openForWriting(output)) {
      if (format == Format.RAW) {
        copy(disk).intoRaw(file);
      } else {
        copyInto(file, disk, bitmaps);
      }
      done = true;
    } finally {
      if (!done) {
        for (Path each : made) {
          Files.deleteIfExists(each);
        }
      }
    }
  }

  private Path newFile(GuestDisk disk) throws IOException {
    boolean done = false;
    try (HostFile file = HostFile.createNew(output)) {
      file.setLength(disk.virtualSizeBytes());
      RawSpace.take(file, 0, CreationOptions.preallocation(given));
      done = true;
    } finally {
      if (!done) {
        Files.deleteIfExists(output);
      }
    }
    return output;
  }

  private CreateOptions wanted(GuestDisk disk) {
    CreateOptions wanted = CreationOptions.of(given, disk.virtualSizeBytes());
    return backing.map(wanted::withBacking).orElse(wanted);
  }

  private void copyInto(HostFile file, GuestDisk disk, Optional<BitmapCopy> bitmaps)
      throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false, BackingFiles.of(output))) {
      if (image.backing().isPresent()) {
        copy(disk).over(image, image.backing().get(), compressed);
      } else {
        copy(disk).into(image, compressed);
      }
      if (bitmaps.isPresent()) {
        bitmaps.get().into(image);
      }
    }
  }

  /** An image that is there; what it has behind the end of the disk stays. */
  void fill(GuestDisk disk, boolean blank, boolean agreed, Optional<BitmapCopy> bitmaps)
      throws IOException {
    try (WritableDisk target =
        format == Format.RAW
            ? new RawDisk(HostFile.openForWriting(output))
            : ImageFile.writable(output, agreed)) {
      if (target.virtualSizeBytes() < disk.virtualSizeBytes()) {
        throw CommandFailure.failed(
            "OUT_OF_RANGE",
            output + ": output file is smaller than input file",
            "grow it first: image resize");
      }
      if (blank && target.backing().isPresent()) {
        throw CommandFailure.failed(
            "ILLEGAL_VALUE",
            output + ": Cannot use --target-is-zero when the destination image has a backing file",
            "leave it out");
      }
      copy(disk).onto(target, compressed, blank);
      if (bitmaps.isPresent() && target instanceof Qcow2Image image) {
        bitmaps.get().into(image);
      }
    }
  }
}
