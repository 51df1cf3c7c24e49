package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ImagePosition;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL at moments nobody chose, again and again, costs a replica nothing. */
@RequiresTools("qemu-img")
final class ApplierKillIT {

  private static final int KILLS = Integer.getInteger("drover.kills", 20);
  private static final long SEED = Long.getLong("drover.seed", 2013);

  @TempDir Path folder;

  private int counted;
  private int neededRecovery;
  private int leaked;

  @Test
  void anApplierKilledUnderLoadEndsIdenticalCleanAndWithoutALeak() throws IOException {
    Random random = new Random(SEED);
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      drover.ok("volume", "create", "kill", "--size", "192M");
      Drover.Gateway gateway = drover.serve("kill", drover.file("gateway.qcow2"));
      Path image = drover.file("replica.qcow2");
      try (Load load = Load.on(gateway, random.nextLong())) {
        for (int tries = 0; counted < KILLS; tries++) {
          assertTrue(tries < 2 * KILLS, "only " + counted + " of " + tries + " kills counted");
          killOnce(drover, image, Duration.ofMillis(100 + random.nextInt(900)));
          load.assertRunning();
        }
      }
      System.out.printf(
          "ApplierKillIT: seed %d, %d kills with intents unapplied, %d needed recovery,"
              + " %d of them left clusters that a recount gave back%n",
          SEED, counted, neededRecovery, leaked);
      assertTrue(neededRecovery >= Math.min(5, KILLS), neededRecovery + " needed recovery");
      assertEquals(0, gateway.process().stop(), gateway.process().said());
      drover.ok("apply", "kill", "--image", image, "--until", "end");
      assertCleanForQemu(image);
      assertCleanForQemu(drover.file("gateway.qcow2"));
      assertIdenticalForQemu(drover.file("gateway.qcow2"), "qcow2", image);
    }
  }

  private void killOnce(Drover drover, Path image, Duration after) throws IOException {
    long before = Files.exists(image) ? Files.getLastModifiedTime(image).toMillis() : -1;
    DroverProcess applier = drover.start("apply", "kill", "--image", image, "--replica", "r");
    Await.until(
        Duration.ofSeconds(60),
        () -> isWritten(image, before) || !applier.isAlive(),
        () -> "the applier does not begin\n" + applier.said());
    assertTrue(applier.isAlive(), applier.said());
    Await.pause(after);
    applier.kill();
    long end = logEnd(drover);
    try (HostFile file = HostFile.openForReading(image)) {
      ImagePosition position = ImagePosition.read(file);
      CheckReport check = ImageCheck.check(file, ImageCheck.Repair.NONE);
      assertEquals(0, check.corruptions(), "before recovery: " + check);
      if (position.applied().nextOffset() < end) {
        counted++;
        boolean leaks = check.leaks() > 0;
        leaked += leaks ? 1 : 0;
        neededRecovery += leaks || !position.isAtPoint() ? 1 : 0;
      }
    }
  }

  /** Asked of the broker, because twenty times a process of our own would take a minute. */
  private static long logEnd(Drover drover) {
    TopicPartition journal = new TopicPartition(drover.prefix() + ".kill.intents", 0);
    try (Admin admin = EmbeddedKafka.shared().admin()) {
      return admin
          .listOffsets(Map.of(journal, OffsetSpec.latest()))
          .partitionResult(journal)
          .get()
          .offset();
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /** A new image appears whole under its name; an old one is written once its replay goes on. */
  private static boolean isWritten(Path image, long before) {
    try {
      return Files.exists(image) && Files.getLastModifiedTime(image).toMillis() != before;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
