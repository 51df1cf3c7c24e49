package dev.drover.nbd.stream;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * Reads whole pieces from a blocking channel. Small pieces come out of a buffer, so that pipelined
 * requests cost few system calls; large ones go to their destination directly. One thread only.
 */
public final class ByteInput {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** The JDK copies through a native buffer as large as the read: this bounds that buffer. */
  private static final int SLICE_BYTES = 128 * 1024;

  private final ReadableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).limit(0);

  public ByteInput(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /** Waits for a further byte or the end, and says whether it was the end. */
  public boolean atEnd() throws IOException {
    return !buffer.hasRemaining() && !refill();
  }

  /**
   * Fills {@code dst}.
   *
   * @throws EOFException when the peer ends the stream before that
   */
  public void fill(ByteBuffer dst) throws IOException {
    while (dst.hasRemaining()) {
      if (buffer.hasRemaining()) {
        int n = Math.min(buffer.remaining(), dst.remaining());
        dst.put(buffer.slice(buffer.position(), n));
        buffer.position(buffer.position() + n);
      } else if (dst.remaining() < BUFFER_BYTES) {
        if (!refill()) {
          throw ended(dst.remaining());
        }
      } else {
        ByteBuffer slice = dst.slice(dst.position(), Math.min(SLICE_BYTES, dst.remaining()));
        int n = channel.read(slice);
        if (n < 0) {
          throw ended(dst.remaining());
        }
        dst.position(dst.position() + n);
      }
    }
  }

  /** Reads a small piece, flipped. */
  public ByteBuffer take(int bytes) throws IOException {
    ByteBuffer piece = ByteBuffer.allocate(bytes);
    fill(piece);
    return piece.flip();
  }

  /** Throws bytes away, in bounded memory. */
  public void skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (!buffer.hasRemaining() && !refill()) {
        throw ended(left);
      }
      int n = (int) Math.min(left, buffer.remaining());
      buffer.position(buffer.position() + n);
      left -= n;
    }
  }

  private boolean refill() throws IOException {
    buffer.clear();
    int n = -1;
    try {
      n = channel.read(buffer);
    } finally {
      buffer.flip();
    }
    return n >= 0;
  }

  private static EOFException ended(long missingBytes) {
    return new EOFException("the stream ended " + missingBytes + " bytes too early");
  }
}
