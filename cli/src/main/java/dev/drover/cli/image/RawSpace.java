package dev.drover.cli.image;

import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;

/** The space of a raw image, which has no metadata to give places in. */
final class RawSpace {
  private static final int PIECE_BYTES = 1 << 20;

  private RawSpace() {}

  /** The mode that qemu-img calls so; null is off. */
  static Preallocation mode(String name) {
    return Arrays.stream(Preallocation.values())
        .filter(mode -> mode.name().toLowerCase(Locale.ROOT).equals(name == null ? "off" : name))
        .findFirst()
        .orElseThrow(() -> new IllegalValue("Invalid preallocation mode '" + name + "'"));
  }

  static void requireOffered(Preallocation mode) {
    if (mode == Preallocation.METADATA) {
      throw new IllegalValue("Unsupported preallocation mode: metadata, the image is raw");
    }
  }

  /** Has the host set aside what the file has from here on, where nobody has written yet. */
  static void take(HostFile file, long start, Preallocation mode) throws IOException {
    long end = file.length();
    for (long at = start; mode != Preallocation.OFF && at < end; at += PIECE_BYTES) {
      int bytes = (int) Math.min(PIECE_BYTES, end - at);
      if (mode == Preallocation.FALLOC) {
        file.writeZeroes(at, bytes, false);
      } else {
        file.write(ByteBuffer.allocate(bytes), at);
      }
    }
  }
}
