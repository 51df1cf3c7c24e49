package dev.drover.nbd.server;

import dev.drover.nbd.protocol.ProtocolException;
import dev.drover.nbd.stream.ByteInput;
import dev.drover.nbd.stream.ByteOutput;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client, from accept to close, on a virtual thread of its own. */
final class Connection {
  private static final Logger log = LoggerFactory.getLogger(Connection.class);

  private final SocketChannel channel;
  private final Exports exports;
  private final NbdServerOptions options;
  private final LongSupplier nanoTime;
  private final PeerWait negotiating;
  private final Thread thread;

  /** Null until negotiation has ended. */
  private volatile Transmission transmission;

  private volatile Exports.Served chosen;

  private volatile boolean stopping;

  /** Not started yet; {@code whenClosed} runs last, on the connection's thread. */
  Connection(
      SocketChannel channel,
      Exports exports,
      NbdServerOptions options,
      LongSupplier nanoTime,
      Runnable whenClosed) {
    this.channel = channel;
    this.exports = exports;
    this.options = options;
    this.nanoTime = nanoTime;
    this.negotiating = new PeerWait(nanoTime);
    negotiating.begin();
    this.thread =
        Thread.ofVirtual()
            .name("nbd-connection")
            .unstarted(
                () -> {
                  try {
                    serve();
                  } finally {
                    whenClosed.run();
                  }
                });
  }

  void start() {
    thread.start();
  }

  boolean negotiating() {
    return transmission == null;
  }

  /** Ends the connection when it has kept others waiting for too long. */
  void enforceLimits() {
    Transmission current = transmission;
    boolean memoryContended = current != null && chosen.memory().contended();
    boolean late =
        current == null
            ? negotiating.longerThan(options.handshakeTimeout().toNanos())
            : current.stalled(options.stallTimeout().toNanos(), memoryContended);
    if (late) {
      log.info("disconnecting a client that {}", current == null ? "never negotiated" : "stalled");
      cut();
    }
  }

  /** Whether it is connected to this export. */
  boolean uses(Exports.Served export) {
    return export.equals(chosen);
  }

  /** Reads no further request, answers those in flight, then closes. */
  void stop() {
    stopping = true;
    if (negotiating()) {
      cut();
      return;
    }
    try {
      channel.shutdownInput();
    } catch (IOException e) {
      log.debug("already closed: {}", e.getMessage());
    }
  }

  /** Closes now. Requests in flight go on in the export; nobody hears of them. */
  void cut() {
    close();
    thread.interrupt();
  }

  /** Returns whether it has ended. */
  boolean awaitEnd(long nanos) throws InterruptedException {
    return thread.join(java.time.Duration.ofNanos(Math.max(0, nanos)));
  }

  private void serve() {
    try {
      ByteInput input = new ByteInput(channel);
      Optional<Exports.Served> export =
          new Negotiation(exports, input, new ByteOutput(channel)).run();
      if (export.isPresent()) {
        chosen = export.get();
        if (exports.find(chosen.export().name()).filter(this::uses).isEmpty()) {
          return; // withdrawn meanwhile, by somebody who did not see this connection use it
        }
        int slots = options.maxRequestsPerConnection();
        transmission =
            new Transmission(chosen.export(), input, channel, chosen.memory(), slots, nanoTime);
        transmission.run(() -> stopping);
      }
    } catch (ProtocolException e) {
      log.debug("disconnected a client that broke the protocol: {}", e.getMessage());
    } catch (IOException e) {
      log.debug("a client has gone: {}", e.getMessage());
    } catch (InterruptedException e) {
      log.debug("a connection was cut");
    } catch (RuntimeException e) {
      log.error("a defect ended an NBD connection", e);
    } finally {
      close();
    }
  }

  private void close() {
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("closing a connection: {}", e.getMessage());
    }
  }
}
