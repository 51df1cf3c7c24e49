package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of two appliers with one replica's name, or on one image, one applies. */
@RequiresTools("qemu-img")
final class OneIdentityIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  private Drover drover;
  private Drover.Gateway gateway;

  @BeforeEach
  void serve() {
    drover = new Drover(EmbeddedKafka.shared(), folder);
    drover.call("volume", "create", "v", "--size", "64M").expect(0);
    gateway = drover.serve("v", drover.file("gateway.qcow2"));
  }

  @AfterEach
  void end() {
    drover.close();
  }

  @Test
  void ofTwoImagesOfOneNameThatStartAtTheSameMomentOneGoesOn() throws Exception {
    Path imageA = drover.file("a.qcow2");
    Path imageB = drover.file("b.qcow2");
    Load load = Load.on(gateway, 9);
    try (load) {
      DroverProcess a = drover.start("apply", "v", "--image", imageA, "--replica", "r");
      DroverProcess b = drover.start("apply", "v", "--image", imageB, "--replica", "r");
      oneStays(a, b);
      boolean stayedA = a.isAlive();
      DroverProcess stays = stayedA ? a : b;
      Path other = stayedA ? imageB : imageA;
      // The one that is alive answers for the name, also to who comes later.
      Replicas.awaitState(drover, "v", "r", "RUNNING");
      Path late = drover.file("late.qcow2");
      Drover.Outcome third = drover.call("apply", "v", "--image", late, "--replica", "r");
      assertEquals(3, third.exit(), third.err());
      assertTrue(third.err().contains("replica r"), third.err());
      assertFalse(Files.exists(late));
      assertEquals(0, stays.stop(), stays.said());
      if (Files.exists(other)) {
        drover.call("apply", "v", "--image", other, "--replica", "s", "--until", "end").expect(0);
        assertCleanForQemu(other);
      }
    }
    assertEquals(0, gateway.process().stop(), gateway.process().said());
    for (Path image : List.of(imageA, imageB)) {
      if (Files.exists(image)) {
        drover.call("apply", "v", "--image", image, "--until", "end").expect(0);
        assertHeld(load, image);
      }
    }
  }

  @Test
  void ofTwoOnOneImageOneIsRefused() throws Exception {
    Path image = drover.file("a.qcow2");
    Load load = Load.on(gateway, 10);
    try (load) {
      DroverProcess a = drover.start("apply", "v", "--image", image, "--replica", "r");
      DroverProcess b = drover.start("apply", "v", "--image", image, "--replica", "r");
      DroverProcess stays = oneStays(a, b);
      Replicas.awaitState(drover, "v", "r", "RUNNING");
      assertEquals(0, stays.stop(), stays.said());
    }
    assertEquals(0, gateway.process().stop(), gateway.process().said());
    drover.call("apply", "v", "--image", image, "--until", "end").expect(0);
    assertHeld(load, image);
  }

  /** The one that stays, when the other has refused to go on, in one line and with a hint. */
  private static DroverProcess oneStays(DroverProcess a, DroverProcess b) {
    Await.until(
        PATIENCE, () -> !a.isAlive() || !b.isAlive(), () -> "both go on\n" + a.said() + b.said());
    DroverProcess gone = a.isAlive() ? b : a;
    DroverProcess stays = a.isAlive() ? a : b;
    assertEquals(3, gone.await(PATIENCE), gone.said());
    assertFalse(gone.said().contains("\tat "), gone.said());
    System.out.println("OneIdentityIT: " + gone.said().lines().toList().getLast());
    assertTrue(stays.isAlive(), stays.said());
    return stays;
  }

  private static void assertHeld(Load load, Path image) throws IOException {
    assertCleanForQemu(image);
    load.assertWritten(image);
  }
}
