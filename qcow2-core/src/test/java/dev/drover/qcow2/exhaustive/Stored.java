package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.sim.MemoryBlockFile;
import java.util.List;
import java.util.Optional;

/**
 * The files of an image at rest.
 *
 * @param data the external data file, of an image that has one
 */
record Stored(MemoryBlockFile image, Optional<MemoryBlockFile> data) {

  /** The image first. */
  static Stored of(List<MemoryBlockFile> files) {
    return new Stored(
        files.getFirst(), files.size() > 1 ? Optional.of(files.get(1)) : Optional.empty());
  }

  Stored copy() {
    return new Stored(image.copy(), data.map(MemoryBlockFile::copy));
  }

  boolean sameContent(Stored other) {
    return image.sameContent(other.image)
        && (data.isEmpty() || data.get().sameContent(other.data.orElseThrow()));
  }
}
