package dev.drover.qcow2;

import java.util.Optional;

/**
 * How an image names its backing file.
 *
 * @param name as the header has it: usually a path relative to the image's own folder
 * @param format as the header has it; without one nobody can tell raw from qcow2 safely
 */
public record BackingReference(String name, Optional<String> format) {

  public static BackingReference qcow2(String name) {
    return new BackingReference(name, Optional.of("qcow2"));
  }

  public static BackingReference raw(String name) {
    return new BackingReference(name, Optional.of("raw"));
  }
}
