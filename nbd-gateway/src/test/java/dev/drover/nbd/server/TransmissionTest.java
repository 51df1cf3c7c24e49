package dev.drover.nbd.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.client.NbdClient;
import dev.drover.nbd.protocol.NbdError;
import dev.drover.nbd.protocol.NbdException;
import dev.drover.nbd.protocol.Request;
import dev.drover.nbd.protocol.SimpleReply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TransmissionTest {
  private static final int SIZE = 40 << 20;
  private static final int MAX = NbdServerOptions.MAX_PAYLOAD_BYTES;

  private final MemoryExport export = new MemoryExport("vm", SIZE);
  private NbdServer server;
  private InetSocketAddress address;
  private NbdClient client;

  @BeforeEach
  void connect() throws IOException {
    server = new NbdServer(List.of(export), NbdServerOptions.DEFAULT);
    address = server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    client = NbdClient.connect(NbdServer.uri(address, "vm"));
  }

  @AfterEach
  void close() {
    export.release();
    client.close();
    server.close();
    assertEquals(0, server.connections());
    assertTrue(server.idle());
  }

  private static ByteBuffer filled(int value, int length) {
    ByteBuffer data = ByteBuffer.allocate(length);
    while (data.hasRemaining()) {
      data.put((byte) value);
    }
    return data.flip();
  }

  private static void assertRefused(NbdError error, CompletableFuture<?> request) {
    NbdException e = assertThrows(NbdException.class, () -> NbdClient.await(request));
    assertEquals(error, e.error());
  }

  @Test
  void whatIsWrittenIsReadAtAnyOffsetAndLength() throws IOException {
    NbdClient.await(client.write(3, filled(7, 1001), false));
    NbdClient.await(client.writeZeroes(500, 100, false, false));
    ByteBuffer all = NbdClient.await(client.read(0, 1100));
    for (int i = 0; i < 1100; i++) {
      boolean written = i >= 3 && i < 1004 && (i < 500 || i >= 600);
      assertEquals(written ? 7 : 0, all.get(i), "byte " + i);
    }
  }

  @Test
  void flagsReachTheExport() throws IOException {
    NbdClient.await(client.write(0, filled(1, 1), true));
    NbdClient.await(client.writeZeroes(1, 2, true, true));
    NbdClient.await(client.request(Request.WRITE_ZEROES, Request.FAST_ZERO, 3, 4));
    NbdClient.await(client.trim(4, 5));
    NbdClient.await(client.flush());
    assertEquals(
        List.of("write 0+1 fua", "zero 1+2 keep fua", "zero 3+4", "zero 4+5", "flush"),
        export.calls());
  }

  @Test
  void theLargestPayloadGoesBothWays() throws IOException {
    NbdClient.await(client.write(5, filled(9, MAX), false));
    ByteBuffer read = NbdClient.await(client.read(5, MAX));
    assertEquals(filled(9, MAX), read);
  }

  @Test
  void repliesLeaveInTheOrderOfCompletion() throws Exception {
    export.hold();
    CompletableFuture<Void> first = client.write(0, filled(1, 1), false);
    CompletableFuture<Void> second = client.write(1, filled(1, 1), false);
    List<String> order = new ArrayList<>();
    first.thenRun(() -> order.add("first"));
    second.thenRun(() -> order.add("second"));
    export.awaitCalls(2);
    assertFalse(first.isDone() || second.isDone());
    export.release();
    NbdClient.await(first);
    NbdClient.await(second);
    assertEquals(List.of("second", "first"), order);
  }

  @Test
  void manyPipelinedRequestsAreEachAnsweredOnce() throws IOException {
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      writes.add(client.write(i * 512L, filled(i, 512), false));
    }
    for (CompletableFuture<Void> write : writes) {
      NbdClient.await(write);
    }
    List<CompletableFuture<ByteBuffer>> reads = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      reads.add(client.read(i * 512L, 512));
    }
    for (int i = 0; i < 3000; i++) {
      assertEquals(filled(i, 512), NbdClient.await(reads.get(i)));
    }
  }

  @Test
  void rangesBeyondTheEndAreRefusedByKind() throws IOException {
    assertRefused(NbdError.EINVAL, client.read(SIZE - 1, 2));
    assertRefused(NbdError.ENOSPC, client.write(SIZE - 1, filled(1, 2), false));
    assertRefused(NbdError.ENOSPC, client.writeZeroes(SIZE, 1, false, false));
    assertRefused(NbdError.EINVAL, client.trim(SIZE, 1));
    assertRefused(NbdError.EINVAL, client.read(-1, 1));
    assertRefused(NbdError.ENOSPC, client.write(Long.MAX_VALUE, filled(1, 2), false));
    assertEquals(List.of(), export.calls());
    NbdClient.await(client.flush());
  }

  @Test
  void whatIsNotUnderstoodIsRefusedAndKeepsTheStreamInStep() throws IOException {
    assertRefused(NbdError.EINVAL, client.request(99, 0, 0, 0));
    assertRefused(NbdError.EINVAL, client.request(5, 0, 0, 512));
    assertRefused(NbdError.EINVAL, client.request(7, 0, 0, 512));
    assertRefused(NbdError.EINVAL, client.request(Request.TRIM, 1 << 9, 0, 512));
    assertRefused(NbdError.EINVAL, client.request(Request.TRIM, Request.NO_HOLE, 0, 512));
    assertRefused(NbdError.EINVAL, client.request(Request.FLUSH, 0, 0, 1));
    assertRefused(NbdError.EINVAL, client.request(Request.FLUSH, 0, 1, 0));
    NbdClient.await(client.request(Request.FLUSH, Request.FUA, 0, 0));
    assertEquals(List.of("flush"), export.calls());
  }

  @Test
  void emptyRangesSucceedWithoutEffect() throws IOException {
    NbdClient.await(client.write(0, filled(1, 0), false));
    NbdClient.await(client.trim(0, 0));
    assertEquals(0, NbdClient.await(client.read(SIZE, 0)).remaining());
    assertEquals(List.of(), export.calls());
  }

  @Test
  void aPayloadAboveTheLimitIsRefusedAndSkipped() throws IOException {
    assertRefused(NbdError.EINVAL, client.write(0, filled(1, MAX + 1), false));
    assertRefused(NbdError.EINVAL, client.read(0, MAX + 1));
    NbdClient.await(client.flush());
  }

  @Test
  void anAbsurdPayloadEndsTheConnection() throws IOException {
    try (RawClient raw = new RawClient(address).go("vm")) {
      raw.request(new Request(0, Request.WRITE, 1, 0, 0xffffffffL));
      assertTrue(raw.ended());
    }
  }

  @Test
  void anotherMagicEndsThatConnectionOnly() throws IOException {
    try (RawClient raw = new RawClient(address).go("vm")) {
      raw.send(ByteBuffer.allocate(Request.BYTES));
      assertTrue(raw.ended());
    }
    NbdClient.await(client.flush());
  }

  @Test
  void theErrorOfAnExportReachesTheClient() throws IOException {
    export.fail(new NbdException(NbdError.ESHUTDOWN, "fenced"));
    assertRefused(NbdError.ESHUTDOWN, client.flush());
    assertRefused(NbdError.ESHUTDOWN, client.read(0, 1));
    export.fail(new IOException("disk on fire"));
    assertRefused(NbdError.EIO, client.write(0, filled(1, 1), false));
    assertRefused(NbdError.EIO, client.read(0, 1));
    export.fail(null);
    NbdClient.await(client.flush());
  }

  @Test
  void disconnectIsHonouredAfterEverythingInFlightIsAnswered() throws Exception {
    export.hold();
    try (RawClient raw = new RawClient(address).go("vm")) {
      raw.request(new Request(0, Request.FLUSH, 1, 0, 0));
      raw.request(new Request(0, Request.READ, 2, 0, 5));
      raw.request(new Request(0, Request.DISCONNECT, 3, 0, 0));
      export.awaitCalls(2);
      export.release();
      List<Long> answered = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        SimpleReply reply = raw.simpleReply();
        answered.add(reply.cookie());
        raw.take(reply.cookie() == 2 ? 5 : 0);
      }
      assertTrue(answered.containsAll(List.of(1L, 2L)));
      assertTrue(raw.ended());
    }
  }

  @Test
  void aClientThatVanishesLeavesNothingBehind() throws Exception {
    export.hold();
    NbdClient other = NbdClient.connect(NbdServer.uri(address, "vm"));
    CompletableFuture<Void> write = other.write(0, filled(1, 100), false);
    CompletableFuture<ByteBuffer> read = other.read(0, 100);
    export.awaitCalls(2);
    other.abort();
    assertThrows(IOException.class, () -> NbdClient.await(write));
    assertThrows(IOException.class, () -> NbdClient.await(read));
    export.release();
    NbdClient.await(client.flush());
  }
}
