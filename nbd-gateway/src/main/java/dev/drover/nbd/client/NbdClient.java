package dev.drover.nbd.client;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * One connection to one export. Requests may be pipelined from any number of threads; a request
 * that was not answered when the connection ended fails with an IOException that is not an {@link
 * dev.drover.nbd.protocol.NbdException}: its outcome is unknown.
 */
public final class NbdClient implements AutoCloseable {
  private NbdClient() {}

  /** Connects and negotiates with GO. The URI is one that {@code serve} prints as ready. */
  public static NbdClient connect(URI uri) throws IOException {
    throw new UnsupportedOperationException("being written");
  }

  /** Connects and negotiates with GO. */
  public static NbdClient connect(SocketAddress address, String export) throws IOException {
    throw new UnsupportedOperationException("being written");
  }

  public long sizeBytes() {
    throw new UnsupportedOperationException("being written");
  }

  /** At most 32 MiB. */
  public CompletableFuture<ByteBuffer> read(long offset, int length) {
    throw new UnsupportedOperationException("being written");
  }

  /** At most 32 MiB; {@code data} is taken over until the future completes. */
  public CompletableFuture<Void> write(long offset, ByteBuffer data, boolean fua) {
    throw new UnsupportedOperationException("being written");
  }

  /** NBD_CMD_WRITE_ZEROES; {@code noHole} asks that the range stays provisioned. */
  public CompletableFuture<Void> writeZeroes(
      long offset, long length, boolean noHole, boolean fua) {
    throw new UnsupportedOperationException("being written");
  }

  public CompletableFuture<Void> trim(long offset, long length) {
    throw new UnsupportedOperationException("being written");
  }

  public CompletableFuture<Void> flush() {
    throw new UnsupportedOperationException("being written");
  }

  /** Waits for a request made above. */
  public static <T> T await(CompletableFuture<T> request) throws IOException {
    throw new UnsupportedOperationException("being written");
  }

  /** Says goodbye (NBD_CMD_DISC) and disconnects. */
  @Override
  public void close() {
    throw new UnsupportedOperationException("being written");
  }
}
