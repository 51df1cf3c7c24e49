package dev.drover.nbd.server;

import dev.drover.nbd.protocol.NbdError;
import dev.drover.nbd.protocol.SimpleReply;
import dev.drover.nbd.stream.ByteOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the replies of one connection, on a thread of its own, so that whoever completes a request
 * never waits for a client. Replies that are ready together leave in one write.
 *
 * <p>Once the client is gone it goes on to take replies and throws them away: the memory and the
 * slots of requests in flight come back by the same path in either case.
 */
final class ReplyWriter implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(ReplyWriter.class);

  private record Reply(int error, long cookie, ByteBuffer data) {}

  private static final Reply END = new Reply(0, 0, null);

  private final WritableByteChannel channel;
  private final ByteOutput output;
  private final PayloadMemory memory;
  private final Semaphore slots;
  private final PeerWait sending;

  /** Bounded by the slots: each reply in it still holds one. */
  private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();

  private volatile boolean discarding;

  ReplyWriter(
      WritableByteChannel channel, PayloadMemory memory, Semaphore slots, LongSupplier nanoTime) {
    this.channel = channel;
    this.output = new ByteOutput(channel);
    this.memory = memory;
    this.slots = slots;
    this.sending = new PeerWait(nanoTime);
  }

  void succeed(long cookie) {
    replies.add(new Reply(0, cookie, null));
  }

  /** A read's success; the read memory of {@code data} is released once it is written. */
  void succeed(long cookie, ByteBuffer data) {
    replies.add(new Reply(0, cookie, data));
  }

  void fail(long cookie, NbdError error) {
    replies.add(new Reply(error.code(), cookie, null));
  }

  /** The client gets no further replies, and its connection is closed. */
  void discard() {
    discarding = true;
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("closing a connection: {}", e.getMessage());
    }
  }

  /** Nothing follows: write what there is, and end. */
  void end() {
    replies.add(END);
  }

  /** Whether the client has let a reply wait for so long. */
  boolean stalled(long limitNanos) {
    return sending.longerThan(limitNanos);
  }

  @Override
  public void run() {
    ByteBuffer header = ByteBuffer.allocate(SimpleReply.BYTES);
    while (true) {
      Reply reply = next();
      if (reply == END) {
        attempt(output::flush);
        return;
      }
      ByteBuffer data = reply.data();
      int readBytes = data == null ? 0 : data.remaining();
      header.clear();
      new SimpleReply(reply.error(), reply.cookie()).put(header);
      header.flip();
      attempt(
          () -> {
            output.put(header);
            if (data != null) {
              output.put(data);
            }
          });
      memory.releaseRead(readBytes);
      slots.release();
    }
  }

  /** The next reply; before waiting for one, what was written so far is sent on its way. */
  private Reply next() {
    Reply ready = replies.poll();
    if (ready != null) {
      return ready;
    }
    attempt(output::flush);
    while (true) {
      try {
        return replies.take();
      } catch (InterruptedException e) {
        // Nobody interrupts this thread; END ends it.
        log.debug("reply writer interrupted");
      }
    }
  }

  private interface Write {
    void run() throws IOException;
  }

  private void attempt(Write write) {
    if (discarding) {
      return;
    }
    sending.begin();
    try {
      write.run();
    } catch (IOException e) {
      log.debug("a client has gone: {}", e.getMessage());
      discard();
    } finally {
      sending.end();
    }
  }
}
