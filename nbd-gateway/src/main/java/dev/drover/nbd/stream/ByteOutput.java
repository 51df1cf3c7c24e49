package dev.drover.nbd.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Gathers small pieces into few writes to a blocking channel; large ones are written as they are.
 * One thread only.
 */
public final class ByteOutput {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** As in {@link ByteInput}. */
  private static final int SLICE_BYTES = 128 * 1024;

  private final WritableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

  public ByteOutput(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** Takes all of {@code src}; what stays in the buffer leaves with {@link #flush}. */
  public void put(ByteBuffer src) throws IOException {
    if (src.remaining() > buffer.remaining()) {
      flush();
    }
    if (src.remaining() <= buffer.remaining()) {
      buffer.put(src);
      return;
    }
    while (src.hasRemaining()) {
      ByteBuffer slice = src.slice(src.position(), Math.min(SLICE_BYTES, src.remaining()));
      int n = channel.write(slice);
      src.position(src.position() + n);
    }
  }

  public void flush() throws IOException {
    buffer.flip();
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } finally {
      buffer.clear();
    }
  }
}
