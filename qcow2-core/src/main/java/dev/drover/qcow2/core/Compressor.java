package dev.drover.qcow2.core;

import com.github.luben.zstd.Zstd;
import dev.drover.qcow2.format.Compression;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.Deflater;

/** Packs guest clusters, each by itself, as the image's header says. One thread. */
final class Compressor {

  /**
   * Readers of qcow2 inflate with a window of 12 bits, Deflater looks back 15. After a full flush
   * it looks back no further than the flush, so a piece of this size at a time is readable by all.
   */
  private static final int WINDOW_BYTES = 1 << 12;

  private final Compression compression;

  Compressor(Compression compression) {
    this.compression = compression;
  }

  /** The packed cluster; empty when it would not be smaller. */
  Optional<byte[]> pack(byte[] cluster) {
    byte[] packed = new byte[cluster.length - 1];
    int length =
        switch (compression) {
          case ZLIB -> deflate(cluster, packed);
          case ZSTD -> zstd(cluster, packed);
        };
    return length < 0 ? Optional.empty() : Optional.of(Arrays.copyOf(packed, length));
  }

  /** The packed length, −1 when it does not fit. */
  private static int deflate(byte[] cluster, byte[] packed) {
    try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
      int length = 0;
      for (int at = 0; at < cluster.length; at += WINDOW_BYTES) {
        int n = Math.min(WINDOW_BYTES, cluster.length - at);
        deflater.setInput(cluster, at, n);
        boolean last = at + n == cluster.length;
        if (last) {
          deflater.finish();
        }
        int mode = last ? Deflater.NO_FLUSH : Deflater.FULL_FLUSH;
        length += deflater.deflate(packed, length, packed.length - length, mode);
        if (length == packed.length) {
          return -1; // whether or not that was all of it
        }
      }
      return length;
    }
  }

  private static int zstd(byte[] cluster, byte[] packed) {
    long length =
        Zstd.compressByteArray(
            packed, 0, packed.length, cluster, 0, cluster.length, Zstd.defaultCompressionLevel());
    return Zstd.isError(length) ? -1 : (int) length;
  }
}
