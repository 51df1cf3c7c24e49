package dev.drover.cli.image;

import dev.drover.cli.value.IllegalValue;
import java.util.Set;
import picocli.CommandLine.Option;

/**
 * {@code -t}: how QEMU would use the host's cache. The names are taken for the sake of scripts;
 * whichever it is, I/O goes through the host's cache, and what is written is durable before the
 * verb ends.
 */
final class HostCache {
  private static final Set<String> MODES =
      Set.of("none", "writeback", "writethrough", "directsync", "unsafe");

  @Option(
      names = "-t",
      paramLabel = "CACHE",
      description = "qemu-img's cache mode for writing; changes nothing here.")
  private String written;

  /** Refuses a mode that qemu-img does not have. */
  void check() {
    check("-t", written);
  }

  static void check(String option, String mode) {
    if (mode != null && !MODES.contains(mode)) {
      throw new IllegalValue(
          "%s '%s' is no cache mode; give none, writeback, writethrough, directsync or unsafe"
              .formatted(option, mode));
    }
  }
}
