package dev.drover.nbd.server;

import static dev.drover.nbd.server.NbdServerOptions.MAX_PAYLOAD_BYTES;

import dev.drover.nbd.protocol.NbdError;
import dev.drover.nbd.protocol.NbdException;
import dev.drover.nbd.protocol.ProtocolException;
import dev.drover.nbd.protocol.Request;
import dev.drover.nbd.stream.ByteInput;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transmission phase of one connection: this thread reads requests and starts them, in order;
 * they finish in any order, and {@link ReplyWriter} answers them as they finish.
 *
 * <p>Every request read takes one of a bounded number of slots, and gives it back when its reply
 * has been written (or thrown away, once the client is gone). So the slots bound what a client can
 * make the server remember, and say when nothing is in flight.
 */
final class Transmission {
  private static final Logger log = LoggerFactory.getLogger(Transmission.class);

  private final Export export;
  private final ByteInput input;
  private final ReplyWriter replies;
  private final PayloadMemory memory;
  private final int slotCount;
  private final Semaphore slots;
  private final PeerWait receiving;
  private final AtomicBoolean failureLogged = new AtomicBoolean();
  private volatile boolean leaving;

  Transmission(
      Export export,
      ByteInput input,
      WritableByteChannel channel,
      PayloadMemory memory,
      int slotCount,
      LongSupplier nanoTime) {
    this.export = export;
    this.input = input;
    this.memory = memory;
    this.slotCount = slotCount;
    this.slots = new Semaphore(slotCount);
    this.receiving = new PeerWait(nanoTime);
    this.replies = new ReplyWriter(channel, memory, slots, nanoTime);
  }

  /**
   * Serves until the client leaves, and then until nothing is in flight any more.
   *
   * @param stopping whether the server wants to end this connection; asked between requests
   * @throws IOException when the client broke the protocol or was cut off within a request
   */
  void run(BooleanSupplier stopping) throws IOException, InterruptedException {
    Thread writer = Thread.ofVirtual().name("nbd-replies").start(replies);
    boolean answerAll = false;
    try {
      answerAll = readRequests(stopping);
    } catch (EOFException e) {
      answerAll = stopping.getAsBoolean();
      if (!answerAll) {
        throw e;
      }
    } finally {
      leaving = true;
      if (!answerAll) {
        replies.discard();
      }
      // Every slot comes back: exports always complete, and the writer outlives its channel.
      slots.acquireUninterruptibly(slotCount);
      replies.end();
      writer.join();
    }
  }

  /**
   * Whether the client has been the one to wait for, within one request and for so long, while it
   * holds what others wait for: payload memory, or (at the end) the connection itself.
   */
  boolean stalled(long limitNanos, boolean memoryContended) {
    return (memoryContended && receiving.longerThan(limitNanos))
        || ((memoryContended || leaving) && replies.stalled(limitNanos));
  }

  /** Returns whether requests in flight are to be answered: after DISC, or when stopping. */
  private boolean readRequests(BooleanSupplier stopping) throws IOException, InterruptedException {
    ByteBuffer header = ByteBuffer.allocate(Request.BYTES);
    while (!stopping.getAsBoolean()) {
      if (input.atEnd()) {
        return stopping.getAsBoolean();
      }
      header.clear();
      input.fill(header);
      Request request = Request.parse(header.flip());
      if (request.command() == Request.DISCONNECT) {
        return true;
      }
      slots.acquire();
      boolean started = false;
      try {
        start(request);
        started = true;
      } finally {
        if (!started) {
          slots.release();
        }
      }
    }
    return true;
  }

  /** Either throws, or has seen to it that the request will be answered. */
  private void start(Request request) throws IOException, InterruptedException {
    NbdError refusal = refusal(request);
    if (refusal != null) {
      if (request.command() == Request.WRITE) {
        skipPayload(request);
      }
      replies.fail(request.cookie(), refusal);
      return;
    }
    boolean fua = (request.flags() & Request.FUA) != 0;
    if (request.command() == Request.FLUSH) {
      answerWhenDone(request, export::flush);
    } else if (request.length() == 0) {
      replies.succeed(request.cookie());
    } else {
      switch (request.command()) {
        case Request.READ -> read(request);
        case Request.WRITE -> write(request, fua);
        case Request.TRIM -> zero(request, false, fua);
        case Request.WRITE_ZEROES -> zero(request, (request.flags() & Request.NO_HOLE) != 0, fua);
        default -> throw new IllegalStateException("refused above: " + request);
      }
    }
  }

  /** The error that answers a request which the export need not see, or null. */
  private NbdError refusal(Request request) {
    int command = request.command();
    int flags =
        switch (command) {
          case Request.READ, Request.WRITE, Request.FLUSH, Request.TRIM -> Request.FUA;
          case Request.WRITE_ZEROES -> Request.FUA | Request.NO_HOLE | Request.FAST_ZERO;
          default -> -1;
        };
    if (flags == -1 || (request.flags() & ~flags) != 0) {
      return NbdError.EINVAL;
    }
    if (command == Request.FLUSH) {
      return request.offset() == 0 && request.length() == 0 ? null : NbdError.EINVAL;
    }
    boolean payload = command == Request.READ || command == Request.WRITE;
    if (payload && request.length() > MAX_PAYLOAD_BYTES) {
      return NbdError.EINVAL;
    }
    if (!request.inside(export.sizeBytes())) {
      boolean grows = command == Request.WRITE || command == Request.WRITE_ZEROES;
      return grows ? NbdError.ENOSPC : NbdError.EINVAL;
    }
    return null;
  }

  /** Keeps the stream in step after a refused WRITE, unless it is absurd to read on. */
  private void skipPayload(Request request) throws IOException {
    if (request.length() > 2L * MAX_PAYLOAD_BYTES) {
      throw new ProtocolException("a write of " + request.length() + " bytes");
    }
    input.skip(request.length());
  }

  private void read(Request request) throws InterruptedException {
    int bytes = (int) request.length();
    memory.acquireRead(bytes);
    Runnable work =
        () -> {
          try {
            ByteBuffer data = ByteBuffer.allocate(bytes);
            export.read(request.offset(), data);
            replies.succeed(request.cookie(), data.flip());
          } catch (Throwable e) {
            memory.releaseRead(bytes);
            replies.fail(request.cookie(), errorOf(e));
          }
        };
    Thread.ofVirtual().name("nbd-read").start(work);
  }

  private void write(Request request, boolean fua) throws IOException, InterruptedException {
    int bytes = (int) request.length();
    memory.acquireWrite(bytes);
    ByteBuffer data = null;
    receiving.begin();
    try {
      ByteBuffer received = ByteBuffer.allocate(bytes);
      input.fill(received);
      data = received.flip();
    } finally {
      receiving.end();
      if (data == null) {
        memory.releaseWrite(bytes);
      }
    }
    ByteBuffer payload = data;
    answerWhenDone(
        request,
        () ->
            export
                .write(request.offset(), payload, fua)
                .whenComplete((_, _) -> memory.releaseWrite(bytes)));
  }

  private void zero(Request request, boolean keep, boolean fua) {
    answerWhenDone(request, () -> export.zero(request.offset(), request.length(), keep, fua));
  }

  private void answerWhenDone(Request request, Supplier<CompletableFuture<Void>> operation) {
    CompletableFuture<Void> done;
    try {
      done = operation.get();
    } catch (RuntimeException e) {
      done = CompletableFuture.failedFuture(e);
    }
    done.whenComplete(
        (_, e) -> {
          if (e == null) {
            replies.succeed(request.cookie());
          } else {
            replies.fail(request.cookie(), errorOf(e));
          }
        });
  }

  private NbdError errorOf(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    // Once per connection: a client that goes on asking must not fill the log.
    if (failureLogged.compareAndSet(false, true)) {
      log.warn("export {}: a request failed: {}", export.name(), cause.toString());
    }
    return cause instanceof NbdException e ? e.error() : NbdError.EIO;
  }
}
