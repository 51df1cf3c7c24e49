package dev.drover.cli.image;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.RawDisk;
import dev.drover.qcow2.WritableDisk;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A disk image as a verb names it. Without a format the first four bytes decide between qcow2 and
 * raw: that is safe where the content is only looked at, as here.
 */
public final class ImageFile {
  private static final int QCOW2_MAGIC = 0x514649FB;

  /** What a disk image can be here. */
  public enum Format {
    QCOW2,
    RAW;

    /** Parses qemu-img's name of a format; null stands for "look". */
    public static Format parse(String name) {
      return switch (name) {
        case null -> null;
        case "qcow2" -> QCOW2;
        case "raw" -> RAW;
        default -> throw new IllegalValue("format '" + name + "' is not known; give qcow2 or raw");
      };
    }

    /** qemu-img's name of it. */
    public String text() {
      return this == QCOW2 ? "qcow2" : "raw";
    }
  }

  /** Opens the file for reading: beside its writer with {@code forced}, else only without one. */
  public static HostFile open(Path path, boolean forced) throws IOException {
    return forced ? HostFile.openForced(path) : HostFile.openForReading(path);
  }

  /** The format given, or what the file begins like. */
  public static Format format(HostFile file, Format given) throws IOException {
    if (given != null) {
      return given;
    }
    ByteBuffer start = ByteBuffer.allocate(Integer.BYTES);
    file.read(start, 0);
    return start.getInt(0) == QCOW2_MAGIC ? Format.QCOW2 : Format.RAW;
  }

  /**
   * The guest's view of an image, with the backing files that it names: whoever names an image to
   * these verbs trusts its chain. Closing the disk closes the files.
   */
  public static GuestDisk disk(Path path, Format given, boolean forced) throws IOException {
    HostFile file = open(path, forced);
    try {
      return switch (format(file, given)) {
        case QCOW2 ->
            Qcow2Image.open(file, true, forced ? BackingFiles.forced(path) : BackingFiles.of(path));
        case RAW -> new RawDisk(file);
      };
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** As the next one for an image of either format; null: look, which is safe only for qcow2. */
  public static WritableDisk writable(Path path, Format given, boolean agreed) throws IOException {
    Format format;
    try (HostFile file = HostFile.openForReading(path)) {
      format = format(file, given);
    }
    if (format == Format.QCOW2) {
      return writable(path, agreed);
    }
    if (given == null) {
      throw new IllegalValue(path + ": looks like a raw image; say -f raw to write to it as one");
    }
    return new RawDisk(HostFile.openForWriting(path));
  }

  /**
   * An image to be written to by its own verbs. A replica stops being one by that, as when QEMU
   * writes to it, so its owner has to say so.
   *
   * @param agreed the caller knows that a replica ends here
   */
  public static Qcow2Image writable(Path path, boolean agreed) throws IOException {
    HostFile file = HostFile.openForWriting(path);
    boolean opened = false;
    try {
      if (!agreed && Header.read(file).features().isReplica()) {
        throw replica(path);
      }
      Qcow2Image image = Qcow2Image.open(file, false, BackingFiles.of(path));
      opened = true;
      return image;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** The refusal to write to a replica. */
  static CommandFailure replica(Path path) {
    return CommandFailure.refused(
        "REPLICA",
        path + ": is a replica of a volume, and ends being one when anything else writes to it",
        "work on a copy, or add --yes");
  }

  /** Fails as opening would when the external data file that an image names cannot be used. */
  static void requireDataFile(Path path, HostFile image, boolean forced) throws IOException {
    Optional<String> name = Header.readDamaged(image).dataFileName();
    if (name.isPresent()) {
      BackingOpener gate = forced ? BackingFiles.forced(path) : BackingFiles.of(path);
      gate.openData(image.name(), name.get(), true).close();
    }
  }

  private ImageFile() {}
}
