package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.client.NbdClient;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two gateways of one volume: one serves, the other knows that it does not. */
@RequiresTools("qemu-img")
final class TakeOverIT {

  private static final int BLOCK = 64 << 10;
  private static final int BLOCKS = 256;

  /** What a successor waits for. */
  private static final String SHORT_LEASE = "--read-lease=1s";

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  private Drover drover;
  private Path imageA;
  private Path imageB;

  @BeforeEach
  void create() {
    drover = new Drover(EmbeddedKafka.shared(), folder);
    drover.call("volume", "create", "v", "--size", "16M").expect(0);
    imageA = drover.file("a.qcow2");
    imageB = drover.file("b.qcow2");
  }

  @AfterEach
  void end() {
    drover.close();
  }

  @Test
  void aGatewayThatWasPausedForTwentySecondsFindsItselfFencedAndHasAnsweredNothingVoid()
      throws Exception {
    Drover.Gateway zombie = drover.serve("v", imageA, SHORT_LEASE);
    try (AckedGuest guest = AckedGuest.on(URI.create(zombie.uri()), folder, "guest", 5)) {
      guest.awaitMore(1_000);
      signal("STOP", zombie.process());
      Drover.Gateway next = drover.serve("v", imageB, "--take-over");
      guest.assertKept(URI.create(next.uri()));
      writeBackWhatIsThere(next, Duration.ofSeconds(20));
      signal("CONT", zombie.process());

      assertEquals(3, zombie.process().await(PATIENCE), zombie.process().said());
      String last = zombie.process().said().strip().lines().toList().getLast();
      assertTrue(last.contains("b.qcow2"), last);
      // Whatever it has answered since it woke up must be there, for whoever reads now.
      guest.assertKept(URI.create(next.uri()));
      assertEquals(0, next.process().stop(), next.process().said());
    }
    bothEndIdentical();
  }

  @Test
  void aGatewayThatWasPausedTellsNoReaderWhatIsNoLongerSo() throws Exception {
    Drover.Gateway zombie = drover.serve("v", imageA, SHORT_LEASE);
    try (NbdClient reader = NbdClient.connect(URI.create(zombie.uri()))) {
      NbdClient.await(reader.write(0, filled(1), true));
      assertEquals(filled(1), NbdClient.await(reader.read(0, BLOCK)));
      signal("STOP", zombie.process());
      Drover.Gateway next = drover.serve("v", imageB, "--take-over");
      try (NbdClient writer = NbdClient.connect(URI.create(next.uri()))) {
        NbdClient.await(writer.write(0, filled(2), true));
      }
      // Some wait in the socket for the gateway to wake up, some come when it has.
      List<CompletableFuture<ByteBuffer>> reads = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        reads.add(reader.read(0, BLOCK));
      }
      signal("CONT", zombie.process());
      while (zombie.process().isAlive() && reads.size() < 1_000) {
        reads.add(reader.read(0, BLOCK));
        Await.pause(Duration.ofMillis(5));
      }
      assertEquals(3, zombie.process().await(PATIENCE), zombie.process().said());
      for (CompletableFuture<ByteBuffer> read : reads) {
        assertThrows(IOException.class, () -> NbdClient.await(read), "read what is no longer so");
      }
      assertEquals(0, next.process().stop(), next.process().said());
    }
    bothEndIdentical();
  }

  private static ByteBuffer filled(int value) {
    byte[] bytes = new byte[BLOCK];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  /** The journal moves on, and what the first guest may check stays as it is. */
  private static void writeBackWhatIsThere(Drover.Gateway gateway, Duration time)
      throws IOException {
    long end = System.nanoTime() + time.toNanos();
    Random random = new Random(6);
    try (NbdClient client = NbdClient.connect(URI.create(gateway.uri()))) {
      while (System.nanoTime() < end) {
        long offset = (long) BLOCK * random.nextInt(BLOCKS);
        ByteBuffer block = NbdClient.await(client.read(offset, BLOCK));
        NbdClient.await(client.write(offset, block, true));
        Await.pause(Duration.ofMillis(20));
      }
    }
  }

  private static void signal(String name, DroverProcess process) {
    Qemu.run("kill", "-" + name, process.pid()).orFail();
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void ofTwoThatStartAtTheSameMomentOneServesAndTheOtherIsRefused() throws Exception {
    KillRounds rounds = new KillRounds("drover.starts", 3, 1);
    byte[] disk = new byte[BLOCK * BLOCKS];
    int refusedAtOnce = 0;
    int starts = 0;
    for (KillRounds.Round round : rounds.left()) {
      Random random = new Random(round.seed());
      for (int start = 0; start < round.kills(); start++, starts++) {
        refusedAtOnce += startBoth(random, disk) ? 0 : 1;
      }
      rounds.done(
          round,
          "%d starts of two at once, the other refused %d times before it served, fenced %d times"
              .formatted(starts, refusedAtOnce, starts - refusedAtOnce));
    }
    bothEndIdentical();
    try (Qcow2Image found = Qcow2Image.open(HostFile.openForReading(imageA), true)) {
      ByteBuffer content = ByteBuffer.allocate(disk.length);
      found.read(new GuestOffset(0), content);
      assertEquals(-1, content.flip().mismatch(ByteBuffer.wrap(disk)));
    }
  }

  /** True if the one that did not stay had said that it was ready. */
  private boolean startBoth(Random random, byte[] disk) throws IOException {
    List<DroverProcess> both =
        List.of(
            drover.start("serve", "v", "--image", imageA, "--listen", "127.0.0.1:0", SHORT_LEASE),
            drover.start("serve", "v", "--image", imageB, "--listen", "127.0.0.1:0", SHORT_LEASE));
    Await.until(
        PATIENCE,
        () -> !both.get(0).isAlive() || !both.get(1).isAlive(),
        () -> "both stay\n" + both.get(0).said() + both.get(1).said());
    DroverProcess stays = both.get(0).isAlive() ? both.get(0) : both.get(1);
    DroverProcess gone = stays == both.get(0) ? both.get(1) : both.get(0);
    assertEquals(3, gone.await(PATIENCE), gone.said());
    assertFalse(gone.said().contains("\tat "), gone.said());

    String ready = stays.awaitOutput("ready ");
    try (NbdClient client = NbdClient.connect(URI.create(ready.substring("ready ".length())))) {
      int block = random.nextInt(BLOCKS);
      byte[] bytes = new byte[BLOCK];
      random.nextBytes(bytes);
      NbdClient.await(client.write((long) BLOCK * block, ByteBuffer.wrap(bytes), true));
      System.arraycopy(bytes, 0, disk, BLOCK * block, BLOCK);
      ByteBuffer all = NbdClient.await(client.read(0, disk.length));
      assertEquals(-1, all.mismatch(ByteBuffer.wrap(disk)), "what was flushed is there");
    }
    assertEquals(0, stays.stop(), stays.said());
    return gone.said().contains("ready ");
  }

  private void bothEndIdentical() {
    for (Path image : List.of(imageA, imageB)) {
      drover.call("apply", "v", "--image", image, "--until", "end").expect(0);
      assertCleanForQemu(image);
    }
    assertIdenticalForQemu(imageA, "qcow2", imageB);
  }
}
