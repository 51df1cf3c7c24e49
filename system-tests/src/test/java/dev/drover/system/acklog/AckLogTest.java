package dev.drover.system.acklog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.server.Export;
import dev.drover.nbd.server.NbdServer;
import dev.drover.nbd.server.NbdServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The judge judged: it must accept a volume that keeps its promise, and catch one that does not.
 */
final class AckLogTest {
  private static final int SIZE = 1 << 20;
  private static final int SECTORS = SIZE / Stamp.SECTOR_BYTES;

  @TempDir Path folder;

  private final SectorHistory history = new SectorHistory(8);

  private void log(String... lines) {
    for (String line : lines) {
      assertEquals(line, Line.parse(line).format());
      history.add(Line.parse(line)).ifPresent(complaint -> assertEquals("", complaint));
    }
  }

  private String possible(long sector) {
    StringBuilder found = new StringBuilder();
    for (long write = 0; write < 10; write++) {
      found.append(history.complaint(sector, write).isEmpty() ? "" + write : "");
    }
    return found.toString();
  }

  @Test
  void aSectorNeverWrittenHoldsZeroes() {
    assertEquals("0", possible(3));
  }

  @Test
  void anAcknowledgedWriteIsWhatASectorHolds() {
    log("S 1 W 2 3", "A 1", "S 2 W 3 1", "A 2");
    assertEquals("0", possible(1));
    assertEquals("1", possible(2));
    assertEquals("2", possible(3));
    assertEquals("1", possible(4));
  }

  @Test
  void ofWritesInFlightTogetherEitherMayHaveComeLast() {
    log("S 1 W 0 1", "S 2 W 0 1", "A 2", "A 1");
    assertEquals("12", possible(0));
    log("S 3 W 0 1", "A 3");
    assertEquals("3", possible(0));
  }

  @Test
  void aWriteInFlightAtAKillMayHaveLandedOrNot() {
    log("S 1 W 0 1", "A 1", "S 2 W 0 1", "D");
    assertEquals("12", possible(0));
    assertEquals(1, history.undecided());
    log("S 3 W 0 1", "A 3");
    assertEquals("3", possible(0));
  }

  @Test
  void aReadShowsWhetherItLandedAndItCannotLandLater() {
    log("S 1 W 0 1", "A 1", "S 2 W 0 1", "D", "R 0 1");
    assertEquals("1", possible(0));
    assertTrue(history.add(Line.parse("R 0 2")).isPresent());
  }

  @Test
  void zeroesHaveNoStamp() {
    log("S 1 W 0 2", "A 1", "S 2 Z 0 1", "A 2", "R 0 0,1");
    assertEquals("0", possible(0));
  }

  @Test
  void aSectorOfNoWriteIsTorn() {
    ByteBuffer data = Stamp.fill(7, 100, 2);
    assertEquals(7, Stamp.read(data, 100));
    assertEquals(7, Stamp.read(data, 101));
    assertEquals(Stamp.TORN, Stamp.read(data.rewind(), 101));
    data.put(600, (byte) ~data.get(600));
    data.rewind();
    assertEquals(7, Stamp.read(data, 100));
    assertEquals(Stamp.TORN, Stamp.read(data, 101));
    assertEquals(Stamp.ZEROES, Stamp.read(ByteBuffer.allocate(512), 5));
    assertEquals(Stamp.TORN, Stamp.read(ByteBuffer.allocate(512).put(511, (byte) 1), 5));
  }

  /** Answers at once; forgets an answered write now and then if it is told to. */
  private static final class Volume implements Export {
    private final byte[] content = new byte[SIZE];
    private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    private final boolean forgetful;
    private volatile boolean dead;

    private Volume(boolean forgetful) {
      this.forgetful = forgetful;
    }

    @Override
    public String name() {
      return "vm";
    }

    @Override
    public long sizeBytes() {
      return SIZE;
    }

    @Override
    public synchronized void read(long offset, ByteBuffer dst) throws IOException {
      dst.put(content, (int) offset, dst.remaining());
    }

    @Override
    public synchronized CompletableFuture<Void> write(long offset, ByteBuffer data, boolean fua) {
      // A killed gateway's last writes land or not, and are not answered in either case.
      boolean lands = dead ? random.nextBoolean() : !forgetful || random.nextInt(500) > 0;
      if (lands) {
        data.get(content, (int) offset, data.remaining());
      }
      return answer();
    }

    @Override
    public synchronized CompletableFuture<Void> zero(
        long offset, long length, boolean keepAllocated, boolean fua) {
      Arrays.fill(content, (int) offset, (int) (offset + length), (byte) 0);
      return answer();
    }

    @Override
    public CompletableFuture<Void> flush() {
      return answer();
    }

    private CompletableFuture<Void> answer() {
      return dead
          ? CompletableFuture.failedFuture(new IOException("killed"))
          : CompletableFuture.completedFuture(null);
    }
  }

  private FutureTask<String> client(URI uri, Path log, AtomicBoolean stop) {
    FutureTask<String> client = new FutureTask<>(() -> AckLogClient.run(uri, log, 42, stop));
    Thread.ofPlatform().start(client);
    return client;
  }

  private static long lines(Path log) throws IOException {
    return Files.exists(log) ? Files.readAllLines(log).size() : 0;
  }

  @Test
  void aVolumeThatKeepsItsPromiseOverKillsIsAccepted() throws Exception {
    Volume volume = new Volume(false);
    Path log = folder.resolve("log");
    AtomicBoolean stop = new AtomicBoolean();
    Path socket = folder.resolve("nbd.sock");
    FutureTask<String> client = null;
    for (int life = 0; life < 5; life++) {
      volume.dead = false;
      NbdServer server = new NbdServer(List.of(volume), NbdServerOptions.DEFAULT);
      server.listen(socket);
      if (client == null) {
        client = client(NbdServer.uri(socket, "vm"), log, stop);
      }
      long enough = lines(log) + 1000;
      while (lines(log) < enough) {
        Thread.yield();
      }
      volume.dead = life < 4;
      if (life == 4) {
        stop.set(true);
        String said = client.get();
        assertTrue(said.endsWith("5 connects"), said);
      }
      server.close(Duration.ZERO);
    }
    AckLogVerifier.Report report =
        AckLogVerifier.verify(log, SIZE, (offset, dst) -> volume.read(offset, dst));
    assertEquals(List.of(), report.complaints());
    assertTrue(report.inFlight() > 0, report.toString());
    assertTrue(report.acknowledged() > 1000, report.toString());
    assertEquals(SECTORS, report.sectors());
  }

  @Test
  void aVolumeThatForgetsAnAnsweredWriteIsCaught() throws Exception {
    Volume volume = new Volume(true);
    Path log = folder.resolve("log");
    List<String> complaints = new ArrayList<>();
    try (NbdServer server = new NbdServer(List.of(volume), NbdServerOptions.DEFAULT)) {
      InetSocketAddress address =
          server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      FutureTask<String> client = client(NbdServer.uri(address, "vm"), log, new AtomicBoolean());
      try {
        client.get();
      } catch (ExecutionException e) {
        complaints.add(e.getCause().getMessage());
      }
    }
    assertTrue(complaints.getFirst().contains("possible are"), complaints.toString());
    assertFalse(AckLogVerifier.verify(log, SIZE, (offset, dst) -> volume.read(offset, dst)).good());
  }
}
