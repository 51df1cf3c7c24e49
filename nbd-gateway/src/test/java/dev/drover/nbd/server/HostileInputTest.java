package dev.drover.nbd.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.client.NbdClient;
import dev.drover.nbd.protocol.ExportQuery;
import dev.drover.nbd.protocol.OptionHeader;
import dev.drover.nbd.protocol.Request;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sessions whose bytes were damaged in seeded ways. Whatever arrives, once the client has ended its
 * side the server ends too, gives all memory and every connection back, and serves others.
 */
final class HostileInputTest {
  private static final int SIZE = 1 << 20;
  private static final int SESSIONS = 300;

  private final MemoryExport export = new MemoryExport("vm", SIZE);
  private NbdServer server;
  private InetSocketAddress address;

  @BeforeEach
  void listen() throws IOException {
    // A handshake timeout that never comes: ending in time must be the protocol's doing.
    NbdServerOptions options =
        new NbdServerOptions(
            16,
            Duration.ofDays(1),
            8,
            NbdServerOptions.MAX_PAYLOAD_BYTES,
            NbdServerOptions.MAX_PAYLOAD_BYTES,
            Duration.ofDays(1));
    server = new NbdServer(List.of(export), options);
    address = server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  @AfterEach
  void everythingComesBack() throws IOException {
    while (server.connections() > 0 || !server.idle()) {
      Thread.onSpinWait();
    }
    try (NbdClient client = NbdClient.connect(NbdServer.uri(address, "vm"))) {
      NbdClient.await(client.write(0, ByteBuffer.allocate(512), true));
    }
    server.close();
    assertEquals(0, server.connections());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void damagedSessionsEndAndLeaveNothingBehind(long seed) throws IOException {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int i = 0; i < SESSIONS; i++) {
      talk(damage(session(random), random));
    }
  }

  @Test
  void randomBytesEndAndLeaveNothingBehind() throws IOException {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(4);
    for (int i = 0; i < SESSIONS; i++) {
      byte[] bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      talk(bytes);
    }
  }

  @Test
  void requestsForMoreThanThereIsMemoryForAreAnsweredInTurn() throws IOException {
    try (RawClient client = new RawClient(address).go("vm")) {
      for (int i = 0; i < 200; i++) {
        client.request(new Request(0, Request.READ, i, 0, SIZE));
      }
      for (int i = 0; i < 200; i++) {
        assertEquals(0, client.simpleReply().error());
        client.take(SIZE);
      }
      client.request(new Request(0, Request.DISCONNECT, 0, 0, 0));
      assertTrue(client.ended());
    }
  }

  /** A session as a client would send it, without waiting for answers. */
  private static byte[] session(RandomGenerator random) {
    ByteBuffer out = ByteBuffer.allocate(1 << 16);
    out.putInt(3);
    for (int options = random.nextInt(4); options > 0; options--) {
      int option = 1 + random.nextInt(12);
      byte[] data = new byte[random.nextInt(20)];
      random.nextBytes(data);
      new OptionHeader(option == OptionHeader.ABORT ? 12 : option, data.length).put(out);
      out.put(data);
    }
    ByteBuffer query = new ExportQuery("vm", Set.of(1, 3)).encode();
    new OptionHeader(OptionHeader.GO, query.remaining()).put(out);
    out.put(query);
    for (int requests = random.nextInt(12); requests > 0; requests--) {
      int command = random.nextInt(8);
      int length = random.nextInt(2000);
      boolean mad = random.nextInt(10) == 0;
      long offset = mad ? random.nextLong() : random.nextInt(SIZE);
      int flags = random.nextInt(4) == 0 ? random.nextInt(1 << 16) : 0;
      new Request(flags, command, random.nextLong(), offset, length).put(out);
      if (command == Request.WRITE) {
        out.position(out.position() + length);
      }
    }
    byte[] bytes = new byte[out.flip().remaining()];
    out.get(bytes);
    return bytes;
  }

  private static byte[] damage(byte[] session, RandomGenerator random) {
    byte[] bytes = session;
    for (int times = random.nextInt(4); times > 0; times--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
        default -> {
          byte[] longer = new byte[bytes.length + 1 + random.nextInt(40)];
          System.arraycopy(bytes, 0, longer, 0, at);
          System.arraycopy(bytes, at, longer, at + longer.length - bytes.length, bytes.length - at);
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  /** Sends all of it in one go, ends its side, and reads until the server ends too. */
  private void talk(byte[] bytes) {
    try (SocketChannel channel = SocketChannel.open(address)) {
      ByteBuffer out = ByteBuffer.wrap(bytes);
      while (out.hasRemaining()) {
        channel.write(out);
      }
      channel.shutdownOutput();
      ByteBuffer in = ByteBuffer.allocate(1 << 16);
      while (channel.read(in) >= 0) {
        in.clear();
      }
    } catch (IOException e) {
      // Reset: the server ended first, with bytes of ours unread.
    }
  }
}
