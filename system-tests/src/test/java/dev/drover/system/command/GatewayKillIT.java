package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.acklog.AckLogVerifier;
import dev.drover.system.kafka.EmbeddedKafka;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The gateway is killed under load, again and again; a client that reconnects by itself logs what
 * it was promised. In the end the volume, and every replica of it, holds what that log says.
 */
@RequiresTools({"qemu-img", "fio"})
final class GatewayKillIT {

  @TempDir Path folder;

  @Test
  @Timeout(value = 6, unit = TimeUnit.HOURS)
  void noAcknowledgedWriteIsLostHoweverOftenTheGatewayIsKilled() throws Exception {
    KillRounds rounds = new KillRounds("drover.gateway.kills", 8, 20_26);
    for (KillRounds.Round round : rounds.left()) {
      Path files = Files.createDirectory(folder.resolve("round-" + round.number()));
      try (Drover drover = new Drover(EmbeddedKafka.shared(), files)) {
        rounds.done(round, killAgainAndAgain(drover, round));
        drover.call("volume", "delete", "kills", "--yes").expect(0);
      }
    }
  }

  private String killAgainAndAgain(Drover drover, KillRounds.Round round) throws Exception {
    long start = System.nanoTime();
    Random random = new Random(round.seed());
    drover.ok("volume", "create", "kills", "--size", "32M");
    DroverProcess gateway = serve(drover);
    DroverProcess follower =
        drover.start("apply", "kills", "--image", drover.file("b.qcow2"), "--replica", "b");
    try (AckedGuest guest = AckedGuest.on(uri(drover), drover.file("."), "ack", round.seed())) {
      for (int kill = 0; kill < round.kills(); kill++) {
        guest.awaitMore(300 + random.nextInt(900));
        gateway.kill();
        gateway = serve(drover);
      }
      guest.awaitMore(300);
      String did = guest.stop();
      AckLogVerifier.Report report = guest.assertKept();
      assertTrue(report.inFlight() > round.kills(), "not killed under load: " + report);
      fioVerifies(uri(drover));
      assertEquals(0, gateway.stop(), gateway.said());
      assertEquals(0, follower.stop(), follower.said());
      drover.call("apply", "kills", "--image", drover.file("b.qcow2"), "--until", "end").expect(0);
      for (String image : List.of("gateway.qcow2", "b.qcow2")) {
        assertCleanForQemu(drover.file(image));
      }
      assertIdenticalForQemu(drover.file("gateway.qcow2"), "qcow2", drover.file("b.qcow2"));
      return ("%d kills, %s; %d in flight at a kill, %d sectors of %d undecided by that,"
              + " 0 complaints; %d s")
          .formatted(
              round.kills(),
              did,
              report.inFlight(),
              report.undecided(),
              report.sectors(),
              TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
    }
  }

  private static DroverProcess serve(Drover drover) {
    DroverProcess gateway =
        drover.start(
            "serve",
            "kills",
            "--image",
            drover.file("gateway.qcow2"),
            "--socket",
            drover.file("nbd.sock"));
    gateway.awaitOutput("ready ");
    return gateway;
  }

  private static URI uri(Drover drover) {
    return URI.create("nbd+unix:///kills?socket=" + drover.file("nbd.sock"));
  }

  /** Somebody else's judge, on the export as it was restarted last. */
  private static void fioVerifies(URI uri) {
    Qemu.Result fio =
        Qemu.run(
            "fio",
            "--name=after",
            "--ioengine=nbd",
            "--uri=" + uri,
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
