package dev.drover.qcow2;

import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives a new image another compression type, byte by byte, before anything is compressed. */
public final class CompressionType {

  private static final int AT_INCOMPATIBLE = 72;
  private static final int AT_COMPRESSION = 104;

  private CompressionType() {}

  public static void set(BlockFile image, Compression type) throws IOException {
    long bits = type == Compression.ZLIB ? 0 : Features.COMPRESSION_TYPE;
    image.write(ByteBuffer.allocate(Long.BYTES).putLong(bits).flip(), AT_INCOMPATIBLE);
    image.write(ByteBuffer.wrap(new byte[] {(byte) type.ordinal()}), AT_COMPRESSION);
    image.sync();
  }
}
