package dev.drover.nbd.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 *
 * <p>Who may connect is not checked: whoever reaches the socket may read and write the volume. What
 * is bounded is what one client can take from the others: connections, time to negotiate, requests
 * in flight, and memory ({@link NbdServerOptions}).
 */
public final class NbdServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NbdServer.class);
  private static final Duration SWEEP = Duration.ofMillis(500);
  private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

  private final Exports exports;
  private final NbdServerOptions options;
  private final LongSupplier nanoTime;
  private final List<ServerSocketChannel> listeners = new CopyOnWriteArrayList<>();
  private final List<Thread> acceptors = new CopyOnWriteArrayList<>();
  private final List<Path> sockets = new CopyOnWriteArrayList<>();
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Nothing listens yet. */
  public NbdServer(List<? extends Export> exports, NbdServerOptions options) {
    this(exports, options, System::nanoTime);
  }

  NbdServer(List<? extends Export> exports, NbdServerOptions options, LongSupplier nanoTime) {
    this.exports = new Exports(options);
    exports.forEach(this.exports::add);
    this.options = options;
    this.nanoTime = nanoTime;
    Thread.ofVirtual().name("nbd-limits").start(this::enforceLimits);
  }

  /**
   * Accepts connections at a TCP address from now on.
   *
   * @return the address bound; port 0 in {@code address} has become a real one
   * @throws IOException when it cannot be bound; the message names the address
   */
  public InetSocketAddress listen(InetSocketAddress address) throws IOException {
    if (address.isUnresolved()) {
      throw new IOException("cannot listen on " + address + ": the host name does not resolve");
    }
    ServerSocketChannel listener = ServerSocketChannel.open();
    try {
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      listener.bind(address);
    } catch (IOException e) {
      listener.close();
      throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
    }
    accept(listener);
    return (InetSocketAddress) listener.getLocalAddress();
  }

  /**
   * Accepts connections at a Unix socket from now on. A socket file that nobody listens on is
   * replaced; one that somebody does is refused. The file is removed at {@link #close}.
   *
   * @throws IOException when it cannot be bound; the message names the path
   */
  public void listen(Path socket) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(socket);
    removeStale(socket, address);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(address);
    } catch (IOException e) {
      listener.close();
      throw new IOException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
    sockets.add(socket);
    accept(listener);
  }

  /** Offers one more export, to connections that are there and to come. */
  public void export(Export export) {
    exports.add(export);
  }

  /**
   * Offers an export no more and disconnects its clients, as {@link #close(Duration)} does all;
   * withdrawing what is not offered is no error.
   */
  public void withdraw(String name, Duration grace) {
    Optional<Exports.Served> gone = exports.remove(name);
    if (gone.isPresent()) {
      List<Connection> its =
          connections.stream().filter(connection -> connection.uses(gone.get())).toList();
      its.forEach(Connection::stop);
      long deadline = nanoTime.getAsLong() + grace.toNanos();
      awaitEnds(its, deadline);
    }
  }

  /** {@code nbd://HOST:PORT/NAME}, as clients take it. */
  public static URI uri(InetSocketAddress address, String export) {
    String host = address.getAddress().isAnyLocalAddress() ? "127.0.0.1" : address.getHostString();
    try {
      return new URI("nbd", null, host, address.getPort(), "/" + export, null, null);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** {@code nbd+unix:///NAME?socket=PATH}, as clients take it. */
  public static URI uri(Path socket, String export) {
    try {
      return new URI("nbd+unix", "", "/" + export, "socket=" + socket.toAbsolutePath(), null);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Connections that are open now. */
  public int connections() {
    return connections.size();
  }

  /** For tests: no request holds memory. */
  boolean idle() {
    return exports.idle();
  }

  /** For tests: a client waits for memory that requests to the same export hold. */
  boolean isShortOfMemory(String name) {
    return exports.find(name).map(served -> served.memory().contended()).orElse(false);
  }

  /**
   * Stops accepting and reading, answers what was read, and disconnects; requests that are not
   * answered within {@code grace} are cut off. Idempotent. Clients that reconnect by themselves
   * send them again elsewhere.
   */
  public void close(Duration grace) {
    closing.countDown();
    listeners.forEach(NbdServer::close);
    connections.forEach(Connection::stop);
    long deadline = nanoTime.getAsLong() + grace.toNanos();
    try {
      for (Thread acceptor : acceptors) {
        // A blocked accept holds the address until it has returned.
        acceptor.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    awaitEnds(connections, deadline);
    for (Path socket : sockets) {
      try {
        Files.deleteIfExists(socket);
      } catch (IOException e) {
        log.warn("cannot remove socket {}: {}", socket, e.getMessage());
      }
    }
    sockets.clear();
  }

  /** {@link #close(Duration)} with ten seconds. */
  @Override
  public void close() {
    close(Duration.ofSeconds(10));
  }

  private void awaitEnds(Collection<Connection> ending, long deadline) {
    try {
      for (Connection connection : ending) {
        if (!connection.awaitEnd(deadline - nanoTime.getAsLong())) {
          connection.cut();
        }
      }
    } catch (InterruptedException e) {
      ending.forEach(Connection::cut);
      Thread.currentThread().interrupt();
    }
  }

  private static void removeStale(Path socket, UnixDomainSocketAddress address) throws IOException {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    String refused = "cannot listen on " + socket + ": ";
    Object type = Files.getAttribute(socket, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    boolean isSocket = type instanceof Integer mode && (mode & 0170000) == 0140000;
    if (!isSocket) {
      throw new IOException(refused + "it exists and is no socket; name another path");
    }
    try (SocketChannel _ = SocketChannel.open(address)) {
      throw new IOException(refused + "another process does; stop it or name another path");
    } catch (java.net.ConnectException e) {
      Files.deleteIfExists(socket);
    }
  }

  private void accept(ServerSocketChannel listener) {
    listeners.add(listener);
    acceptors.add(Thread.ofVirtual().name("nbd-accept").start(() -> acceptUntilClosed(listener)));
  }

  private void acceptUntilClosed(ServerSocketChannel listener) {
    while (listener.isOpen()) {
      try {
        admit(listener.accept());
      } catch (IOException e) {
        if (listener.isOpen()) {
          log.warn("cannot accept a connection, trying again: {}", e.getMessage());
          pause();
        }
      }
    }
  }

  /** Out of file descriptors, most likely: accepting again at once would only spin. */
  private void pause() {
    try {
      closing.await(ACCEPT_PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      log.debug("accept interrupted");
    }
  }

  private void admit(SocketChannel channel) throws IOException {
    if (!makeRoom()) {
      log.info("turned a client away: {} connections are open", connections.size());
      channel.close();
      return;
    }
    if (!(channel.getRemoteAddress() instanceof UnixDomainSocketAddress)) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    }
    Connection[] self = new Connection[1];
    Runnable forget = () -> connections.remove(self[0]);
    self[0] = new Connection(channel, exports, options, nanoTime, forget);
    connections.add(self[0]);
    self[0].start();
    if (closing.getCount() == 0) {
      self[0].stop();
    }
  }

  /** A client that still negotiates gives way to a newcomer; one that is served does not. */
  private boolean makeRoom() {
    if (connections.size() < options.maxConnections()) {
      return true;
    }
    for (Connection connection : connections) {
      if (connection.negotiating()) {
        connection.cut();
        return true;
      }
    }
    return false;
  }

  private void enforceLimits() {
    try {
      while (!closing.await(SWEEP.toMillis(), TimeUnit.MILLISECONDS)) {
        connections.forEach(Connection::enforceLimits);
      }
    } catch (InterruptedException e) {
      log.debug("limits interrupted");
    }
  }

  private static void close(ServerSocketChannel listener) {
    try {
      listener.close();
    } catch (IOException e) {
      log.warn("closing a listener: {}", e.getMessage());
    }
  }
}
