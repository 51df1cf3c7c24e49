package dev.drover.cli.fleet;

import java.nio.file.Path;
import java.util.List;

/** Which volumes a process takes, and where their images are. */
public sealed interface Selection {

  /** Exactly these. */
  record Pairs(List<Target> targets) implements Selection {
    public Pairs {
      targets = List.copyOf(targets);
    }
  }

  /**
   * Every volume whose name matches, those too that are made later; each image is {@code
   * VOLUME.qcow2} in one folder.
   *
   * @param maxVolumes how many at most
   */
  record Folder(Path folder, NamePattern names, int maxVolumes) implements Selection {

    Target target(String volume) {
      return new Target(volume, folder.resolve(volume + ".qcow2"));
    }
  }

  /** How many volumes there can be: what the process's memory is divided by. */
  default int most() {
    return switch (this) {
      case Pairs pairs -> pairs.targets().size();
      case Folder folder -> folder.maxVolumes();
    };
  }
}
