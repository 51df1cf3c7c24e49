package dev.drover.qcow2.core;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Compression;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Unpacks one compressed cluster. Its range ends with bytes of others, which are ignored. */
final class Decompressor {

  private final Compression compression;
  private final String image;

  Decompressor(Compression compression, String image) {
    this.compression = compression;
    this.image = image;
  }

  /** Fills {@code cluster} from the packed bytes that an L2 entry at {@code offset} names. */
  void unpack(byte[] packed, byte[] cluster, long offset) throws Qcow2Exception {
    boolean whole =
        switch (compression) {
          case ZLIB -> inflate(packed, cluster);
          case ZSTD -> zstd(packed, cluster);
        };
    if (!whole) {
      throw new Qcow2Exception(
          Code.CORRUPT,
          image,
          offset,
          "a compressed cluster does not unpack to " + cluster.length + " bytes",
          "run image check, or restore the image from a copy");
    }
  }

  private static boolean inflate(byte[] packed, byte[] cluster) {
    try (Inflater inflater = new Inflater(true)) {
      inflater.setInput(packed);
      int filled = 0;
      while (filled < cluster.length) {
        int n = inflater.inflate(cluster, filled, cluster.length - filled);
        if (n == 0) {
          return false;
        }
        filled += n;
      }
      return true;
    } catch (DataFormatException e) {
      return false;
    }
  }

  private static boolean zstd(byte[] packed, byte[] cluster) {
    try {
      long frame = Zstd.findFrameCompressedSize(packed);
      if (Zstd.isError(frame) || frame > packed.length) {
        return false;
      }
      ByteBuffer exact = ByteBuffer.wrap(packed, 0, (int) frame);
      byte[] source = new byte[exact.remaining()];
      exact.get(source);
      long n = Zstd.decompressByteArray(cluster, 0, cluster.length, source, 0, source.length);
      return n == cluster.length;
    } catch (ZstdException e) {
      return false;
    }
  }
}
