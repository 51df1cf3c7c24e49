package dev.drover.cli.command;

import dev.drover.cli.value.Names;
import picocli.CommandLine.Parameters;

/** A snapshot of a volume, as a verb names it. */
final class SnapshotName {
  @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Parameters(index = "1", paramLabel = "SNAPSHOT", description = "The snapshot.")
  private String snapshot;

  /** Refuses names that cannot be, before any broker is asked. */
  void check() {
    Names.check("volume", volume);
    Names.check("snapshot", snapshot);
  }

  String volume() {
    return volume;
  }

  String snapshot() {
    return snapshot;
  }
}
