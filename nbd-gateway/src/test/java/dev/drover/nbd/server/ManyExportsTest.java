package dev.drover.nbd.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drover.nbd.client.NbdClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several exports behind one listener: none has to do with another. */
@Timeout(60)
final class ManyExportsTest {
  private static final int MIB = 1 << 20;
  private static final Duration GRACE = Duration.ofMillis(200);

  private final NbdServer server = new NbdServer(List.of(), NbdServerOptions.ONE_OF_MANY);
  private InetSocketAddress address;

  @BeforeEach
  void listen() throws IOException {
    address = server.listen(new InetSocketAddress("127.0.0.1", 0));
  }

  @AfterEach
  void close() {
    server.close(GRACE);
  }

  /** One whose writes are never answered: its journal is away. */
  private static Export stuck(String name) {
    MemoryExport memory = new MemoryExport(name, 64 * MIB);
    return (Export)
        java.lang.reflect.Proxy.newProxyInstance(
            Export.class.getClassLoader(),
            new Class<?>[] {Export.class},
            (proxy, method, arguments) ->
                method.getName().equals("write")
                    ? new CompletableFuture<Void>()
                    : method.invoke(memory, arguments));
  }

  private NbdClient connect(String export) throws IOException {
    return NbdClient.connect(address, export);
  }

  @Test
  void anExportCanComeWhileTheServerListens() throws IOException {
    assertThrows(IOException.class, () -> connect("late"));
    server.export(new MemoryExport("late", MIB));
    try (NbdClient client = connect("late")) {
      assertEquals(MIB, client.sizeBytes());
    }
  }

  @Test
  void aWithdrawnExportLosesItsClientsAndTheOthersKeepTheirs() throws Exception {
    server.export(new MemoryExport("a", MIB));
    server.export(new MemoryExport("b", MIB));
    try (NbdClient a = connect("a");
        NbdClient b = connect("b")) {
      server.withdraw("a", GRACE);
      assertThrows(IOException.class, () -> NbdClient.await(a.read(0, 512)));
      NbdClient.await(b.read(0, 512));
      assertThrows(IOException.class, () -> connect("a"));
      server.withdraw("a", GRACE);
    }
  }

  @Test
  void writesThatAreHeldUpTakeNoMemoryFromAnotherExport() throws Exception {
    server.export(stuck("stuck"));
    server.export(new MemoryExport("well", 64 * MIB));
    try (NbdClient held = connect("stuck");
        NbdClient well = connect("well")) {
      for (int i = 0; i < 3; i++) { // two fit into its memory; sending the third one blocks
        Thread.startVirtualThread(() -> held.write(0, ByteBuffer.allocate(16 * MIB), false));
      }
      while (!server.isShortOfMemory("stuck")) {
        Thread.onSpinWait();
      }
      NbdClient.await(well.write(0, ByteBuffer.allocate(16 * MIB), false));
      held.abort();
    }
  }
}
