package dev.drover.nbd.server;

import dev.drover.nbd.protocol.ExportQuery;
import dev.drover.nbd.protocol.Greeting;
import dev.drover.nbd.protocol.OptionHeader;
import dev.drover.nbd.protocol.OptionReply;
import dev.drover.nbd.protocol.Request;
import dev.drover.nbd.protocol.SimpleReply;
import dev.drover.nbd.stream.ByteInput;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Set;

/** A client that sends exactly what the test says, byte by byte if need be. */
final class RawClient implements AutoCloseable {
  private final SocketChannel channel;
  private final ByteInput input;

  RawClient(SocketAddress address) throws IOException {
    channel = SocketChannel.open(address);
    input = new ByteInput(channel);
  }

  void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Reads the greeting and sends these flags. */
  void greet(int clientFlags) throws IOException {
    Greeting.parse(input.take(Greeting.BYTES));
    send(ByteBuffer.allocate(4).putInt(clientFlags).flip());
  }

  void greet() throws IOException {
    greet(Greeting.FIXED_NEWSTYLE | Greeting.NO_ZEROES);
  }

  void option(int option, ByteBuffer data) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(OptionHeader.BYTES + data.remaining());
    new OptionHeader(option, data.remaining()).put(bytes);
    send(bytes.put(data).flip());
  }

  void option(int option) throws IOException {
    option(option, ByteBuffer.allocate(0));
  }

  OptionReply reply() throws IOException {
    OptionReply reply = OptionReply.parseHeader(input.take(OptionReply.HEADER_BYTES), 1 << 20);
    input.fill(reply.data());
    reply.data().flip();
    return reply;
  }

  /** Negotiates until requests can be sent. */
  RawClient go(String export) throws IOException {
    greet();
    option(OptionHeader.GO, new ExportQuery(export, Set.of()).encode());
    while (true) {
      OptionReply reply = reply();
      if (reply.type() == OptionReply.ACK) {
        return this;
      }
      if (reply.isError()) {
        throw new IOException("refused with " + Integer.toHexString(reply.type()));
      }
    }
  }

  void request(Request request) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Request.BYTES);
    request.put(bytes);
    send(bytes.flip());
  }

  SimpleReply simpleReply() throws IOException {
    return SimpleReply.parse(input.take(SimpleReply.BYTES));
  }

  ByteBuffer take(int bytes) throws IOException {
    return input.take(bytes);
  }

  /** Whether the server has closed, and sent nothing more before that. */
  boolean ended() {
    try {
      return input.atEnd();
    } catch (IOException e) {
      return true; // reset by peer
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
