package dev.drover.nbd.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Serves exports over NBD, on any number of TCP addresses and Unix sockets.
 *
 * <pre>{@code
 * var server = new NbdServer(List.of(gateway), NbdServerOptions.DEFAULT);
 * InetSocketAddress bound = server.listen(new InetSocketAddress("127.0.0.1", 0));
 * server.listen(Path.of("/run/drover.sock"));
 * …
 * server.close(Duration.ofSeconds(20)); // then gateway.close(), the sink, the replica
 * }</pre>
 */
public final class NbdServer implements AutoCloseable {

  /** Nothing listens yet. */
  public NbdServer(List<? extends Export> exports, NbdServerOptions options) {
    throw new UnsupportedOperationException("being written");
  }

  /**
   * Accepts connections at a TCP address from now on.
   *
   * @return the address bound; port 0 in {@code address} has become a real one
   * @throws IOException when it cannot be bound; the message names the address
   */
  public InetSocketAddress listen(InetSocketAddress address) throws IOException {
    throw new UnsupportedOperationException("being written");
  }

  /**
   * Accepts connections at a Unix socket from now on. A socket file that nobody listens on is
   * replaced; one that somebody does is refused. The file is removed at {@link #close}.
   */
  public void listen(Path socket) throws IOException {
    throw new UnsupportedOperationException("being written");
  }

  /** {@code nbd://HOST:PORT/NAME}, as clients take it. */
  public static URI uri(InetSocketAddress address, String export) {
    throw new UnsupportedOperationException("being written");
  }

  /** {@code nbd+unix:///NAME?socket=PATH}, as clients take it. */
  public static URI uri(Path socket, String export) {
    throw new UnsupportedOperationException("being written");
  }

  /** Connections that are open now. */
  public int connections() {
    throw new UnsupportedOperationException("being written");
  }

  /**
   * Stops accepting and reading, answers what was read, and disconnects; requests that are not
   * answered within {@code grace} are cut off. Idempotent. Clients that reconnect by themselves
   * send them again elsewhere.
   */
  public void close(Duration grace) {
    throw new UnsupportedOperationException("being written");
  }

  /** {@link #close(Duration)} with ten seconds. */
  @Override
  public void close() {
    close(Duration.ofSeconds(10));
  }
}
