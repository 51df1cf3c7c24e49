package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static dev.drover.system.command.Replicas.awaitState;
import static dev.drover.system.command.Replicas.status;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.qcow2.tools.Precondition;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica whose filesystem is too small waits, leaks nothing, and goes on when there is room. */
@RequiresTools({"qemu-img", "mount", "umount"})
final class FullDiskIT {

  private static final int MIB = 1 << 20;
  private static final String FAIL_FAST = "--fail-fast";

  @TempDir Path folder;

  @Test
  void aReplicaOnAFullDiskIsFaultedAndResumesByItselfWhenThereIsRoom() throws IOException {
    Path small = Files.createDirectory(folder.resolve("small"));
    boolean mounted =
        Qemu.run("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", small).exitCode() == 0;
    Precondition.require(mounted, "may not mount a tmpfs: needs root");
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      faultAndResume(drover, small);
    } finally {
      Qemu.run("umount", "-l", small);
    }
  }

  @Test
  void aReplicaWhoseImageFindsNoRoomWaitsUntilThereIsAndSaysSoMeanwhile() throws IOException {
    Path small = Files.createDirectory(folder.resolve("tiny"));
    boolean mounted =
        Qemu.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small).exitCode() == 0;
    Precondition.require(mounted, "may not mount a tmpfs: needs root");
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      waitForRoom(drover, small);
    } finally {
      Qemu.run("umount", "-l", small);
    }
  }

  private static void waitForRoom(Drover drover, Path small) throws IOException {
    drover.ok("volume", "create", "v", "--size", "64M");
    Path image = small.resolve("replica.qcow2");
    Path served = small.resolve("served.qcow2");
    DroverProcess follower =
        drover.start("apply", "v", "--image", image, "--replica", "a", "--until", "end");
    DroverProcess gateway =
        drover.start("serve", "v", "--image", served, "--replica", "g", "--listen", "localhost:0");
    DroverProcess never =
        drover.start("apply", "v", "--image", small.resolve("never.qcow2"), "--replica", "never");
    Drover.Outcome fast =
        drover
            .run("apply", "v", "--image", small.resolve("fast.qcow2"), "--until", "end", FAIL_FAST)
            .expect(3);
    assertTrue(fast.err().contains("make space"), fast.err());
    for (String name : List.of("a", "g", "never")) {
      JsonNode faulted = awaitState(drover, "v", name, "FAULTED");
      assertTrue(faulted.get("reason").asText().contains("cannot be made: "), faulted.toString());
      assertTrue(faulted.get("hint").asText().contains("make space"), faulted.toString());
    }
    assertEquals(0, never.stop(), never.said());
    assertEquals(Optional.empty(), status(drover, "v", "never"), "it has never come to be");
    assertTrue(follower.isAlive() && gateway.isAlive(), follower.said() + gateway.said());

    Qemu.run("mount", "-o", "remount,size=16m", small).orFail();
    gateway.awaitOutput("ready ");
    assertEquals(0, follower.await(Duration.ofSeconds(30)), follower.said());
    assertTrue(follower.said().contains("volume v: running again"), follower.said());
    assertTrue(gateway.said().contains("volume v: running again"), gateway.said());
    assertEquals("STOPPED", status(drover, "v", "a").orElseThrow().get("state").asText());
    assertEquals(0, gateway.stop(), gateway.said());
    assertCleanForQemu(image);
    assertCleanForQemu(served);
  }

  private void faultAndResume(Drover drover, Path small) throws IOException {
    Path source = randomFile(32 * MIB);
    drover.ok("volume", "create", "full", "--size", "64M");
    Drover.Gateway gateway = drover.serve("full", drover.file("gateway.qcow2"));
    Qemu.img("convert", "-n", "-f", "raw", "-O", "raw", source, gateway.uri());
    Path image = small.resolve("replica.qcow2");
    DroverProcess follower = drover.start("apply", "full", "--image", image, "--replica", "small");

    JsonNode faulted = awaitState(drover, "full", "small", "FAULTED");
    assertFalse(faulted.get("reason").asText().isEmpty(), faulted.toString());
    assertFalse(faulted.get("hint").asText().isEmpty(), faulted.toString());
    // A retry may be under way at the moment we look; between two of them nothing is set aside.
    Await.until(
        Duration.ofSeconds(30),
        () -> Qemu.img("check", "-U", "-f", "qcow2", image).exitCode() == 0,
        () -> Qemu.img("check", "-U", "-f", "qcow2", image).output());
    assertFalse(drover.ok("compensations", "full", "--replica", "small").isEmpty());
    assertTrue(follower.isAlive(), follower.said());

    Qemu.run("mount", "-o", "remount,size=128m", small).orFail();
    awaitState(drover, "full", "small", "RUNNING");
    assertTrue(follower.said().contains("replica small: running again: "), follower.said());
    assertEquals(0, gateway.process().stop(), gateway.process().said());
    assertEquals(0, follower.stop(), follower.said());
    drover.ok("apply", "full", "--image", image, "--until", "end");
    assertCleanForQemu(image);
    assertIdenticalForQemu(drover.file("gateway.qcow2"), "qcow2", image);
    Qemu.img("compare", "-f", "raw", "-F", "qcow2", source, image).orFail();
  }

  private Path randomFile(int bytes) throws IOException {
    byte[] content = new byte[bytes];
    new Random(20).nextBytes(content);
    return Files.write(folder.resolve("random.raw"), content);
  }
}
