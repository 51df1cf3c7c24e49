package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.GuestDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The backing file of a new image, by option or by {@code -o}, under QEMU's rules. */
final class BackingChoice {
  /**
   * What was asked for.
   *
   * @param name as it is to be recorded; null: none
   * @param format of it
   * @throws IllegalValue for one without the other, or for a raw image
   */
  static Optional<BackingReference> of(
      Format kind, String name, String format, FormatOptions given) {
    String file = given.text("backing_file").orElse(name);
    String fileFormat = given.text("backing_fmt").orElse(format);
    if (file == null) {
      if (fileFormat != null) {
        throw new IllegalValue("Backing format cannot be used without backing file");
      }
      return Optional.empty();
    }
    if (kind == Format.RAW) {
      throw new IllegalValue("Backing file not supported for file format 'raw'");
    }
    if (fileFormat == null) {
      throw new IllegalValue(
          "Backing file specified without backing format; add -F qcow2 or -F raw");
    }
    Format parsed = Format.parse(fileFormat);
    return Optional.of(new BackingReference(file, Optional.of(parsed.text())));
  }

  /** How large the disk is that an image would show through its holes: opens it to see. */
  static long size(Path image, BackingReference reference) throws IOException {
    Path file = image.toAbsolutePath().resolveSibling(reference.name());
    if (Files.exists(image) && Files.exists(file) && Files.isSameFile(image, file)) {
      throw new IllegalValue(
          image + ": Trying to create an image with the same filename as the backing file");
    }
    Format format = Format.parse(reference.format().orElse(null));
    try (GuestDisk disk = ImageFile.disk(file, format, false)) {
      return disk.virtualSizeBytes();
    }
  }

  private BackingChoice() {}
}
