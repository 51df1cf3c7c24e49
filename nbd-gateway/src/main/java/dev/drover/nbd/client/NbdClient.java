package dev.drover.nbd.client;

import dev.drover.nbd.protocol.ExportQuery;
import dev.drover.nbd.protocol.Greeting;
import dev.drover.nbd.protocol.NbdError;
import dev.drover.nbd.protocol.NbdException;
import dev.drover.nbd.protocol.OptionHeader;
import dev.drover.nbd.protocol.OptionReply;
import dev.drover.nbd.protocol.ProtocolException;
import dev.drover.nbd.protocol.Request;
import dev.drover.nbd.protocol.SimpleReply;
import dev.drover.nbd.stream.ByteInput;
import dev.drover.nbd.stream.ByteOutput;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One connection to one export. Requests may be pipelined from any number of threads; a request
 * that was not answered when the connection ended fails with an IOException that is not an {@link
 * NbdException}: its outcome is unknown. To reconnect, make a new one.
 */
public final class NbdClient implements AutoCloseable {
  private static final int DEFAULT_PORT = 10809;
  private static final int MAX_REPLY_BYTES = 64 * 1024;

  /** A request in flight; {@code data} is what a READ's reply fills. */
  private record Pending(ByteBuffer data, CompletableFuture<ByteBuffer> done) {}

  private final SocketChannel channel;
  private final ByteInput input;
  private final ByteOutput output;
  private final AtomicLong cookies = new AtomicLong();
  private final Map<Long, Pending> pending = new ConcurrentHashMap<>();
  private final Thread reader;
  private long sizeBytes;
  private int transmissionFlags;

  /** Why the connection has ended; null while it lasts. Guarded by this. */
  private IOException ended;

  private NbdClient(SocketChannel channel) {
    this.channel = channel;
    this.input = new ByteInput(channel);
    this.output = new ByteOutput(channel);
    this.reader = Thread.ofVirtual().name("nbd-client").unstarted(this::readReplies);
  }

  /** Connects and negotiates with GO. The URI is one that {@code serve} prints as ready. */
  public static NbdClient connect(URI uri) throws IOException {
    String export = uri.getPath().substring(1);
    if ("nbd+unix".equals(uri.getScheme()) && uri.getQuery().startsWith("socket=")) {
      return connect(UnixDomainSocketAddress.of(uri.getQuery().substring(7)), export);
    }
    if (!"nbd".equals(uri.getScheme()) || uri.getHost() == null) {
      throw new IllegalArgumentException(uri + " is not nbd://HOST:PORT/NAME");
    }
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    return connect(new InetSocketAddress(uri.getHost(), port), export);
  }

  /** Connects and negotiates with GO. */
  public static NbdClient connect(SocketAddress address, String export) throws IOException {
    if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
      throw new IOException("cannot connect to " + inet + ": the host name does not resolve");
    }
    SocketChannel channel = SocketChannel.open(address);
    try {
      if (address instanceof InetSocketAddress) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        // Trying a port where nobody listens may end up connected to itself, if the system picks
        // the same port for this end: it would wait for its own greeting, and hold the port.
        if (address.equals(channel.getLocalAddress())) {
          throw new ConnectException("nobody listens on " + address);
        }
      }
      NbdClient client = new NbdClient(channel);
      client.negotiate(export);
      client.reader.start();
      return client;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  public long sizeBytes() {
    return sizeBytes;
  }

  /** As in {@link dev.drover.nbd.protocol.TransmissionFlags}. */
  public int transmissionFlags() {
    return transmissionFlags;
  }

  /** At most 32 MiB. */
  public CompletableFuture<ByteBuffer> read(long offset, int length) {
    return send(Request.READ, 0, offset, length, null, ByteBuffer.allocate(length));
  }

  /** At most 32 MiB; {@code data} is sent before this returns. */
  public CompletableFuture<Void> write(long offset, ByteBuffer data, boolean fua) {
    int flags = fua ? Request.FUA : 0;
    return plain(send(Request.WRITE, flags, offset, data.remaining(), data.duplicate(), null));
  }

  /** NBD_CMD_WRITE_ZEROES; {@code noHole} asks that the range stays provisioned. */
  public CompletableFuture<Void> writeZeroes(
      long offset, long length, boolean noHole, boolean fua) {
    int flags = (noHole ? Request.NO_HOLE : 0) | (fua ? Request.FUA : 0);
    return plain(send(Request.WRITE_ZEROES, flags, offset, length, null, null));
  }

  public CompletableFuture<Void> trim(long offset, long length) {
    return plain(send(Request.TRIM, 0, offset, length, null, null));
  }

  public CompletableFuture<Void> flush() {
    return plain(send(Request.FLUSH, 0, 0, 0, null, null));
  }

  /** Any request at all, for tests of what servers refuse; has no payload. */
  public CompletableFuture<Void> request(int command, int flags, long offset, long length) {
    return plain(send(command, flags, offset, length, null, null));
  }

  /** Waits for a request made above. */
  public static <T> T await(CompletableFuture<T> request) throws IOException {
    try {
      return request.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case NbdException refused ->
            throw new NbdException(refused.error(), refused.getMessage(), refused);
        case null, default -> throw new IOException(e.getCause().getMessage(), e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Whether requests can still be sent. */
  public synchronized boolean connected() {
    return ended == null;
  }

  /** Says goodbye (NBD_CMD_DISC), which lets the server answer what is in flight first. */
  @Override
  public void close() {
    try {
      ByteBuffer goodbye = ByteBuffer.allocate(Request.BYTES);
      new Request(0, Request.DISCONNECT, cookies.getAndIncrement(), 0, 0).put(goodbye);
      transmit(goodbye.flip(), null);
      reader.join();
    } catch (IOException e) {
      // Ended already: nobody is left to say goodbye to.
      abort();
    } catch (InterruptedException e) {
      abort();
      Thread.currentThread().interrupt();
    }
  }

  /** Disconnects at once, as a crash of the client would. */
  public void abort() {
    end(new EOFException("the client disconnected"));
  }

  private void negotiate(String export) throws IOException {
    int flags = Greeting.parse(input.take(Greeting.BYTES));
    if ((flags & Greeting.FIXED_NEWSTYLE) == 0) {
      throw new ProtocolException("the NBD server does not speak fixed newstyle");
    }
    ByteBuffer data = new ExportQuery(export, Set.of()).encode();
    ByteBuffer go = ByteBuffer.allocate(Greeting.CLIENT_BYTES + OptionHeader.BYTES);
    go.putInt(flags & (Greeting.FIXED_NEWSTYLE | Greeting.NO_ZEROES));
    new OptionHeader(OptionHeader.GO, data.remaining()).put(go);
    output.put(go.flip());
    output.put(data);
    output.flush();
    while (true) {
      OptionReply reply =
          OptionReply.parseHeader(input.take(OptionReply.HEADER_BYTES), MAX_REPLY_BYTES);
      ByteBuffer body = reply.data();
      input.fill(body);
      body.flip();
      if (reply.isError()) {
        String why = StandardCharsets.UTF_8.decode(body).toString();
        throw new IOException("the NBD server refuses export '" + export + "': " + why);
      }
      if (reply.type() == OptionReply.ACK) {
        return;
      }
      if (reply.type() == OptionReply.INFO && body.getShort() == OptionReply.INFO_EXPORT) {
        sizeBytes = body.getLong();
        transmissionFlags = Short.toUnsignedInt(body.getShort());
      }
    }
  }

  private static CompletableFuture<Void> plain(CompletableFuture<ByteBuffer> request) {
    return request.thenAccept(_ -> {});
  }

  private CompletableFuture<ByteBuffer> send(
      int command, int flags, long offset, long length, ByteBuffer payload, ByteBuffer data) {
    long cookie = cookies.getAndIncrement();
    Pending request = new Pending(data, new CompletableFuture<>());
    pending.put(cookie, request);
    ByteBuffer header = ByteBuffer.allocate(Request.BYTES);
    new Request(flags, command, cookie, offset, length).put(header);
    try {
      transmit(header.flip(), payload);
    } catch (IOException e) {
      end(e);
      request.done().completeExceptionally(e);
    }
    return request.done();
  }

  private synchronized void transmit(ByteBuffer header, ByteBuffer payload) throws IOException {
    if (ended != null) {
      throw new IOException("not connected: " + ended.getMessage(), ended);
    }
    output.put(header);
    if (payload != null) {
      output.put(payload);
    }
    output.flush();
  }

  private void readReplies() {
    ByteBuffer header = ByteBuffer.allocate(SimpleReply.BYTES);
    try {
      while (!input.atEnd()) {
        header.clear();
        input.fill(header);
        receive(SimpleReply.parse(header.flip()));
      }
      end(new EOFException("the NBD server disconnected"));
    } catch (IOException e) {
      end(e);
    }
  }

  private void receive(SimpleReply reply) throws IOException {
    Pending request = pending.get(reply.cookie());
    if (request == null) {
      throw new ProtocolException("a reply to no request, cookie " + reply.cookie());
    }
    if (reply.error() == 0 && request.data() != null) {
      input.fill(request.data());
      request.data().flip();
    }
    pending.remove(reply.cookie());
    if (reply.error() == 0) {
      request.done().complete(request.data());
    } else {
      NbdError error = NbdError.of(reply.error());
      request
          .done()
          .completeExceptionally(new NbdException(error, "the NBD server answered " + error));
    }
  }

  /** Closing first frees a sender that is blocked, and holds the lock, in a write. */
  private void end(IOException cause) {
    try {
      channel.close();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
    synchronized (this) {
      if (ended == null) {
        ended = cause;
      }
    }
    // After `ended` is set nobody adds a request without seeing it, and failing it himself.
    pending.forEach(
        (cookie, request) -> {
          pending.remove(cookie);
          request.done().completeExceptionally(cause);
        });
  }
}
