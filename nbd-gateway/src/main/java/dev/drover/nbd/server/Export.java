package dev.drover.nbd.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * Port: what the server exports. Thread-safe; calls from all connections arrive at once.
 *
 * <p>The server checks ranges first: an export sees only ranges inside {@link #sizeBytes()} and
 * never an empty one. An {@link dev.drover.nbd.protocol.NbdException} says which error the client
 * sees; anything else becomes EIO. Futures always complete, also when the export fails for good;
 * whoever completes them may run the server's short, non-blocking continuation.
 */
public interface Export {
  /** What clients ask for; not empty. */
  String name();

  long sizeBytes();

  /** Fills {@code dst}; may block. */
  void read(long offset, ByteBuffer dst) throws IOException;

  /**
   * Completed when the write may be answered; with {@code fua}, when it is also persistent. Takes
   * over {@code data}: the caller does not touch its bytes again.
   */
  CompletableFuture<Void> write(long offset, ByteBuffer data, boolean fua);

  /**
   * As {@link #write}, of zeroes.
   *
   * @param keepAllocated the range shall stay provisioned
   */
  CompletableFuture<Void> zero(long offset, long length, boolean keepAllocated, boolean fua);

  /** Completed when every write answered before this call, on any connection, is persistent. */
  CompletableFuture<Void> flush();
}
