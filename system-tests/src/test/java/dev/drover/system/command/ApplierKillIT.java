package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ImagePosition;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL at moments nobody chose, again and again, costs a replica nothing. */
@RequiresTools("qemu-img")
final class ApplierKillIT {

  private static final int REPLICAS = 3;

  /** The guest writes its disk over and over: an early loss would not be there at the end. */
  private static final int KILLS_A_SNAPSHOT = 12;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  @Test
  @Timeout(value = 6, unit = TimeUnit.HOURS)
  void appliersKilledUnderLoadEndIdenticalCleanAndWithoutALeak() throws IOException {
    KillRounds rounds = new KillRounds("drover.kills", 20, 2013);
    for (KillRounds.Round round : rounds.left()) {
      Path files = Files.createDirectory(folder.resolve("round-" + round.number()));
      try (Drover drover = new Drover(EmbeddedKafka.shared(), files);
          Admin admin = EmbeddedKafka.shared().admin()) {
        rounds.done(round, new Loop(drover, admin, round).run());
        drover.call("volume", "delete", "kill", "--yes").expect(0);
      }
    }
  }

  /** One round: three replicas of one volume, and one of them is always being killed. */
  private static final class Loop {
    private final Drover drover;
    private final Admin admin;
    private final int kills;
    private final Random random;
    private final long startNanos = System.nanoTime();
    private final List<Victim> victims = new ArrayList<>();
    private final List<Load.Moment> moments = new ArrayList<>();
    private int counted;
    private int neededRecovery;
    private int leaked;
    private long leakedClusters;

    Loop(Drover drover, Admin admin, KillRounds.Round round) {
      this.drover = drover;
      this.admin = admin;
      this.kills = round.kills();
      this.random = new Random(round.seed());
    }

    /** The figures, when everything held. */
    String run() throws IOException {
      drover.ok("volume", "create", "kill", "--size", "96M");
      Drover.Gateway gateway = drover.serve("kill", drover.file("gateway.qcow2"));
      Load load = Load.on(gateway, random.nextLong());
      try (load) {
        for (int i = 0; i < REPLICAS; i++) {
          victims.add(new Victim("r" + i));
        }
        int tries = 0;
        for (; counted < kills; tries++) {
          assertTrue(tries < 2 * kills, "only " + counted + " of " + tries + " kills counted");
          victims.get(random.nextInt(REPLICAS)).killAndStart();
          load.assertRunning();
          if (counted / KILLS_A_SNAPSHOT > moments.size()) {
            moments.add(load.keep("s" + counted, this::snapshot));
          }
        }
      }
      assertTrue(neededRecovery >= kills / 4, neededRecovery + " needed recovery");
      assertEquals(0, gateway.process().stop(), gateway.process().said());
      assertCleanForQemu(drover.file("gateway.qcow2"));
      for (Victim victim : victims) {
        victim.endsIdentical();
      }
      load.assertWritten(drover.file("gateway.qcow2"));
      assertKept(drover.file("gateway.qcow2"));
      return ("%d kills with intents unapplied, %d needed recovery,"
              + " %d leaked until then (%d clusters), none after; %d snapshots kept; %d s")
          .formatted(
              counted,
              neededRecovery,
              leaked,
              leakedClusters,
              moments.size(),
              TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos));
    }

    private void snapshot(String name) {
      drover.call("snapshot", "create", "kill", name).expect(0);
    }

    private void assertKept(Path image) throws IOException {
      for (Load.Moment moment : moments) {
        Load.assertKept(image, moment);
      }
    }

    /** Asked of the broker, because a process of our own for each kill would take a second. */
    private long logEnd() {
      TopicPartition journal = new TopicPartition(drover.prefix() + ".kill.intents", 0);
      try {
        return admin
            .listOffsets(Map.of(journal, OffsetSpec.latest()))
            .partitionResult(journal)
            .get()
            .offset();
      } catch (InterruptedException | ExecutionException e) {
        throw new AssertionError(e);
      }
    }

    /** One replica, alive but for the moments in which it is killed. */
    private final class Victim {
      private final String name;
      private final Path image;
      private DroverProcess applier;
      private long before;

      Victim(String name) {
        this.name = name;
        this.image = drover.file(name + ".qcow2");
        start();
      }

      private void start() {
        before = modified();
        applier = drover.start("apply", "kill", "--image", image, "--replica", name);
      }

      /** Kills it between nothing and a second after its replay goes on, or long after. */
      void killAndStart() throws IOException {
        awaitGoingOn();
        Await.pause(Duration.ofMillis(random.nextInt(1_000)));
        applier.kill();
        judge(logEnd());
        start();
      }

      /** Before that a SIGTERM, too, would just end it: nobody listens yet. */
      private void awaitGoingOn() {
        Await.until(
            PATIENCE,
            () -> modified() != before || !applier.isAlive(),
            () -> "the applier does not begin\n" + applier.said());
        assertTrue(applier.isAlive(), applier.said());
      }

      private void judge(long end) throws IOException {
        try (HostFile file = HostFile.openForReading(image)) {
          ImagePosition position = ImagePosition.read(file);
          ImageJudge.neverUndercounted(file);
          CheckReport check = ImageCheck.check(file, ImageCheck.Repair.NONE);
          if (position.applied().nextOffset() < end) {
            counted++;
            boolean leaks = check.leaks() > 0;
            leaked += leaks ? 1 : 0;
            leakedClusters += check.leaks();
            neededRecovery += leaks || !position.isAtPoint() ? 1 : 0;
          }
        }
      }

      /**
       * A new image appears whole under its name; an old one is written once its replay goes on.
       */
      private long modified() {
        try {
          return Files.exists(image) ? Files.getLastModifiedTime(image).toMillis() : -1;
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }

      void endsIdentical() throws IOException {
        awaitGoingOn();
        assertEquals(0, applier.stop(), applier.said());
        drover.call("apply", "kill", "--image", image, "--until", "end").expect(0);
        assertCleanForQemu(image);
        assertIdenticalForQemu(drover.file("gateway.qcow2"), "qcow2", image);
        assertKept(image);
      }
    }
  }
}
