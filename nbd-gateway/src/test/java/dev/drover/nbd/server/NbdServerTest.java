package dev.drover.nbd.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.client.NbdClient;
import dev.drover.nbd.protocol.Request;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NbdServerTest {
  private static final int MAX = NbdServerOptions.MAX_PAYLOAD_BYTES;

  @TempDir Path folder;

  private final MemoryExport export = new MemoryExport("vm", 64 << 20);
  private final AtomicLong nanoTime = new AtomicLong();
  private NbdServer server = new NbdServer(List.of(export), NbdServerOptions.DEFAULT);

  @AfterEach
  void close() {
    export.release();
    server.close();
    assertEquals(0, server.connections());
  }

  private InetSocketAddress listen() throws IOException {
    return server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /** With a clock that only the test moves. */
  private InetSocketAddress listen(NbdServerOptions options) throws IOException {
    server.close();
    server = new NbdServer(List.of(export), options, nanoTime::get);
    return listen();
  }

  private static NbdServerOptions options(int connections) {
    return new NbdServerOptions(
        connections, Duration.ofSeconds(10), 64, MAX, MAX, Duration.ofSeconds(30));
  }

  private void awaitConnections(int count) {
    while (server.connections() != count) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theUrisAreThoseThatClientsTake() {
    var address = new InetSocketAddress("127.0.0.1", 10809);
    assertEquals("nbd://127.0.0.1:10809/vm", NbdServer.uri(address, "vm").toString());
    URI unix = NbdServer.uri(Path.of("/run/drover.sock"), "vm");
    assertEquals("nbd+unix:///vm?socket=/run/drover.sock", unix.toString());
  }

  @Test
  void servesOverAUnixSocketAndRemovesIt() throws IOException {
    Path socket = folder.resolve("nbd.sock");
    server.listen(socket);
    try (NbdClient client = NbdClient.connect(NbdServer.uri(socket, "vm"))) {
      NbdClient.await(client.write(0, ByteBuffer.wrap(new byte[] {1, 2}), false));
      assertEquals(ByteBuffer.wrap(new byte[] {1, 2}), NbdClient.await(client.read(0, 2)));
    }
    server.close();
    assertFalse(Files.exists(socket));
  }

  @Test
  void aSocketThatNobodyListensOnIsReplaced() throws IOException {
    Path socket = folder.resolve("nbd.sock");
    try (var stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(socket));
    }
    server.listen(socket);
    NbdClient.connect(NbdServer.uri(socket, "vm")).close();
  }

  @Test
  void aSocketThatSomebodyListensOnIsRefused() throws IOException {
    Path socket = folder.resolve("nbd.sock");
    server.listen(socket);
    try (NbdServer second = new NbdServer(List.of(export), NbdServerOptions.DEFAULT)) {
      IOException e = assertThrows(IOException.class, () -> second.listen(socket));
      assertTrue(e.getMessage().contains(socket.toString()), e.getMessage());
    }
    NbdClient.connect(NbdServer.uri(socket, "vm")).close();
  }

  @Test
  void aFileThatIsNoSocketIsRefusedAndKept() throws IOException {
    Path file = Files.writeString(folder.resolve("notes.txt"), "keep me");
    assertThrows(IOException.class, () -> server.listen(file));
    assertEquals("keep me", Files.readString(file));
  }

  @Test
  void anAddressInUseIsRefusedByName() throws IOException {
    InetSocketAddress taken = listen();
    IOException e = assertThrows(IOException.class, () -> server.listen(taken));
    assertTrue(e.getMessage().contains("" + taken.getPort()), e.getMessage());
  }

  @Test
  void aClientThatNeverNegotiatesIsDisconnectedInTime() throws IOException {
    InetSocketAddress address = listen(options(4));
    try (RawClient silent = new RawClient(address)) {
      silent.greet();
      nanoTime.set(Duration.ofSeconds(11).toNanos());
      assertTrue(silent.ended());
    }
  }

  @Test
  void aServedClientMayBeSilentForEver() throws IOException {
    InetSocketAddress address = listen(options(4));
    try (RawClient silent = new RawClient(address).go("vm");
        RawClient negotiating = new RawClient(address)) {
      flush(silent);
      negotiating.greet();
      nanoTime.set(Duration.ofDays(30).toNanos());
      assertTrue(negotiating.ended()); // so the limits were enforced meanwhile
      flush(silent);
    }
  }

  @Test
  void aNewcomerTakesThePlaceOfOneThatNegotiatesAndOfNoOther() throws IOException {
    InetSocketAddress address = listen(options(2));
    try (RawClient served = new RawClient(address).go("vm");
        RawClient idle = new RawClient(address)) {
      flush(served);
      idle.greet();
      try (RawClient newcomer = new RawClient(address).go("vm")) {
        flush(newcomer);
        assertTrue(idle.ended());
        awaitConnections(2);
        try (RawClient turnedAway = new RawClient(address)) {
          assertTrue(turnedAway.ended());
        }
        flush(newcomer);
      }
      flush(served);
    }
  }

  /** Answered, so the server knows that negotiation is over. */
  private static void flush(RawClient client) throws IOException {
    client.request(new Request(0, Request.FLUSH, 5, 0, 0));
    assertEquals(5, client.simpleReply().cookie());
  }

  @Test
  void aClientThatDoesNotTakeItsRepliesLosesThemToOthersInTime() throws IOException {
    InetSocketAddress address = listen(options(4));
    try (RawClient greedy = new RawClient(address).go("vm");
        NbdClient other = NbdClient.connect(NbdServer.uri(address, "vm"))) {
      greedy.request(new Request(0, Request.READ, 1, 0, MAX));
      greedy.simpleReply(); // and never the 32 MiB that follow
      CompletableFuture<ByteBuffer> read = other.read(0, 512);
      nanoTime.set(Duration.ofSeconds(29).toNanos());
      assertEquals(1, greedy.take(1).remaining());
      assertFalse(read.isDone());
      nanoTime.set(Duration.ofSeconds(31).toNanos());
      assertEquals(512, NbdClient.await(read).remaining());
    }
  }

  @Test
  void aClientThatSendsHalfAWriteLosesItsMemoryToOthersInTime() throws IOException {
    InetSocketAddress address = listen(options(4));
    try (RawClient slow = new RawClient(address).go("vm");
        NbdClient other = NbdClient.connect(NbdServer.uri(address, "vm"))) {
      slow.request(new Request(0, Request.WRITE, 1, 0, MAX));
      slow.send(ByteBuffer.allocate(1000));
      CompletableFuture<ByteBuffer> read = other.read(0, 512);
      assertEquals(512, NbdClient.await(read).remaining()); // reads have memory of their own
      while (server.idle()) {
        Thread.onSpinWait();
      }
      CompletableFuture<Void> write = other.write(0, ByteBuffer.allocate(512), false);
      while (!write.isDone()) {
        nanoTime.addAndGet(Duration.ofSeconds(1).toNanos());
        Thread.yield();
      }
      NbdClient.await(write);
      assertTrue(slow.ended());
    }
  }

  @Test
  void closingAnswersWhatIsInFlightFirst() throws Exception {
    InetSocketAddress address = listen();
    NbdClient client = NbdClient.connect(NbdServer.uri(address, "vm"));
    export.hold();
    CompletableFuture<Void> flush = client.flush();
    CompletableFuture<ByteBuffer> read = client.read(0, 1 << 20);
    export.awaitCalls(2);
    Thread closer = Thread.startVirtualThread(() -> server.close(Duration.ofSeconds(60)));
    assertThrows(IOException.class, () -> connectUntilRefused(address));
    assertFalse(flush.isDone());
    export.release();
    NbdClient.await(flush);
    assertEquals(1 << 20, NbdClient.await(read).remaining());
    closer.join();
    assertEquals(0, server.connections());
    client.close();
  }

  private static void connectUntilRefused(InetSocketAddress address) throws IOException {
    while (true) {
      NbdClient.connect(NbdServer.uri(address, "vm")).close();
    }
  }

  @Test
  void theAddressIsFreeOnceClosed() throws IOException {
    InetSocketAddress address = listen();
    for (int i = 0; i < 20; i++) {
      try (RawClient client = new RawClient(address).go("vm")) {
        flush(client);
        server.close();
      }
      server = new NbdServer(List.of(export), NbdServerOptions.DEFAULT);
      server.listen(address);
    }
  }

  @Test
  void closingCutsOffWhatIsNotAnsweredWithinTheGrace() throws Exception {
    InetSocketAddress address = listen();
    NbdClient client = NbdClient.connect(NbdServer.uri(address, "vm"));
    export.hold();
    CompletableFuture<Void> flush = client.flush();
    export.awaitCalls(1);
    server.close(Duration.ZERO);
    assertThrows(IOException.class, () -> NbdClient.await(flush));
    export.release();
    awaitConnections(0);
  }

  @Test
  void hundredsOfConnectionsComeAndGo() throws IOException {
    InetSocketAddress address = listen();
    for (int round = 0; round < 5; round++) {
      List<NbdClient> clients = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        clients.add(NbdClient.connect(NbdServer.uri(address, "vm")));
      }
      for (NbdClient client : clients) {
        NbdClient.await(client.write(0, ByteBuffer.allocate(512), true));
      }
      clients.forEach(NbdClient::close);
      awaitConnections(0);
    }
  }
}
