package dev.drover.cli.fleet;

import java.nio.file.Path;
import java.util.Objects;

/**
 * One volume and where its image is, or is to be, on this host.
 *
 * @param volume the volume's name
 * @param image absolute, so that what is said of it names one file
 */
public record Target(String volume, Path image) {
  public Target {
    Objects.requireNonNull(volume, "volume");
    image = image.toAbsolutePath().normalize();
  }
}
