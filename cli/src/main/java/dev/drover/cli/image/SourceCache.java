package dev.drover.cli.image;

import picocli.CommandLine.Option;

/** {@code -T}: as {@link HostCache}, for what is only read. */
final class SourceCache {
  @Option(
      names = "-T",
      paramLabel = "CACHE",
      description = "qemu-img's cache mode for reading; changes nothing here.")
  private String mode;

  /** Refuses a mode that qemu-img does not have. */
  void check() {
    HostCache.check("-T", mode);
  }
}
