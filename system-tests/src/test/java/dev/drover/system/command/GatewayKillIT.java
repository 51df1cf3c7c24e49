package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.acklog.AckLogClient;
import dev.drover.system.acklog.AckLogVerifier;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The gateway is killed under load, again and again; a client that reconnects by itself logs what
 * it was promised. In the end the volume, and every replica of it, holds what that log says.
 */
@RequiresTools({"qemu-img", "fio"})
final class GatewayKillIT {

  private static final int KILLS = 10;
  private static final long SEED = 20_26;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  @Test
  void noAcknowledgedWriteIsLostOverTenKillsOfTheGateway() throws Exception {
    Random random = new Random(SEED);
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      drover.ok("volume", "create", "kills", "--size", "32M");
      DroverProcess gateway = serve(drover);
      DroverProcess follower =
          drover.start("apply", "kills", "--image", drover.file("b.qcow2"), "--replica", "b");
      Process client = client();
      for (int kill = 0; kill < KILLS; kill++) {
        awaitLines(client, lines() + 300 + random.nextInt(900));
        gateway.kill();
        gateway = serve(drover);
      }
      awaitLines(client, lines() + 300);
      client.getOutputStream().close();
      assertTrue(client.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), clientSaid());
      assertEquals(0, client.exitValue(), clientSaid());

      AckLogVerifier.Report report = AckLogVerifier.verify(log(), uri());
      System.out.println("gateway kills: " + clientSaid().strip() + ", " + report);
      assertEquals(List.of(), report.complaints());
      assertTrue(report.inFlight() > KILLS, "the kills did not come under load: " + report);

      fioVerifies();
      assertEquals(0, gateway.stop(), gateway.said());
      assertEquals(0, follower.stop(), follower.said());
      drover.ok("apply", "kills", "--image", drover.file("b.qcow2"), "--until", "end");
      for (String image : List.of("gateway.qcow2", "b.qcow2")) {
        assertCleanForQemu(drover.file(image));
      }
      Replicas.assertIdenticalForQemu(
          drover.file("gateway.qcow2"), "qcow2", drover.file("b.qcow2"));
    }
  }

  private DroverProcess serve(Drover drover) {
    DroverProcess gateway =
        drover.start(
            "serve", "kills", "--image", drover.file("gateway.qcow2"), "--socket", socket());
    gateway.awaitOutput("ready ");
    return gateway;
  }

  private Path socket() {
    return folder.resolve("nbd.sock");
  }

  private URI uri() {
    return URI.create("nbd+unix:///kills?socket=" + socket());
  }

  private Path log() {
    return folder.resolve("ack.log");
  }

  private Process client() throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return new ProcessBuilder(
            java.toString(),
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            AckLogClient.class.getName(),
            uri().toString(),
            log().toString(),
            "" + SEED)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("client.out").toFile())
        .start();
  }

  private String clientSaid() {
    return Drover.text(folder.resolve("client.out"));
  }

  private void awaitLines(Process client, long count) {
    Await.until(
        PATIENCE,
        () -> {
          assertTrue(client.isAlive(), this::clientSaid);
          return lines() >= count;
        },
        () -> "the client got no further than line " + lines() + " of " + count);
  }

  private long lines() {
    try {
      return Files.exists(log()) ? Files.readString(log()).lines().count() : 0;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Somebody else's judge, on the export as it was restarted last. */
  private void fioVerifies() {
    Qemu.Result fio =
        Qemu.run(
            "fio",
            "--name=after",
            "--ioengine=nbd",
            "--uri=" + uri(),
            "--rw=randwrite",
            "--bsrange=4k-64k",
            "--iodepth=16",
            "--size=16M",
            "--fsync=64",
            "--verify=crc32c",
            "--verify_fatal=1",
            "--randseed=7");
    assertEquals(0, fio.exitCode(), fio.output());
    assertFalse(fio.output().contains("verify:"), fio.output());
  }
}
