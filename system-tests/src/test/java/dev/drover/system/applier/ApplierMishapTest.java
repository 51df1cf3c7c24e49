package dev.drover.system.applier;

import static dev.drover.system.applier.HaltingApplier.CLUSTER_BYTES;
import static dev.drover.system.applier.TestVolume.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.Compensation;
import dev.drover.applier.Compensation.State;
import dev.drover.applier.ImageFiles;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.applier.HaltingApplier.Moment;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong in an applier, on a real file and a real broker, ends as if it had not. */
@RequiresTools("qemu-img")
@Timeout(120)
final class ApplierMishapTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  /** What one L2 table maps: a write across it allocates in two of them. */
  private static final long L2_SPAN = (long) CLUSTER_BYTES / 8 * CLUSTER_BYTES;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void anApplierMayDieAtAnyStepOfACompensation(Moment moment) throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 8 << 20)) {
      GuestDisk disk = new GuestDisk(volume, moment.ordinal());
      ReplicaOptions options =
          ReplicaOptions.of(folder.resolve("a.qcow2"))
              .withName("a")
              .withClusterBytes(CLUSTER_BYTES);
      disk.write(3);
      volume.followToEnd(options);
      disk.write(20);

      assertEquals(HaltingApplier.KILLED, die(volume, options.image(), moment));
      volume.stopWriting();
      volume.followToEnd(options);
      disk.assertOn(options.image());
      List<Compensation> all = compensations(volume);
      assertFalse(all.isEmpty(), "nothing was given back");
      for (Compensation each : all) {
        assertEquals(State.DONE, each.state(), each::toString);
      }
      byte[] before = Files.readAllBytes(options.image());
      volume.followToEnd(options);
      assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(options.image())));
      assertEquals(all, compensations(volume));
    }
  }

  /** Follows in a process of its own until that dies; its exit code. */
  static int die(TestVolume volume, Path image, Moment moment) throws Exception {
    Path said = image.resolveSibling("halting.out");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                HaltingApplier.class.getName(),
                volume.settings().bootstrapServers(),
                volume.settings().prefix(),
                image.toString(),
                moment.name())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    assertTrue(process.waitFor(90, TimeUnit.SECONDS), () -> text(said));
    return process.exitValue();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void fdatasyncMayFailOnceAndOnceMore() throws Exception {
    FailingBlockFile[] file = new FailingBlockFile[1];
    ImageFiles failing =
        (path, create) -> {
          file[0] = new FailingBlockFile(ImageFiles.HOST.open(path, create));
          return file[0];
        };
    ReplicaOptions options = ReplicaOptions.of(folder.resolve("a.qcow2")).withName("a");
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 8 << 20)) {
      GuestDisk disk = new GuestDisk(volume, 7);
      try (Replica replica =
          Replica.start(volume.volume(), options, volume.ports(failing, volume.logs()))) {
        assertTrue(replica.awaitVisible(disk.write(10) + 1, SOON));
        for (int time = 0; time < 4; time++) {
          Failure how = time % 2 == 0 ? Failure.EIO : Failure.EIO_AFTER;
          file[0].failNext(io -> io.kind() == Kind.SYNC, how);
          assertTrue(replica.awaitVisible(disk.write(10) + 1, SOON));
        }
      }
      volume.stopWriting();
      disk.assertOn(options.image());
      volume.followToEnd(options);
      disk.assertOn(options.image());
    }
  }

  @Test
  void aBrokerThatIsAwayInTheMiddleOfACompensationIsWaitedForAndItEndsTheSame() throws Exception {
    ReplicaOptions options =
        ReplicaOptions.of(folder.resolve("a.qcow2")).withName("a").withClusterBytes(CLUSTER_BYTES);
    try (EmbeddedKafka kafka = EmbeddedKafka.start(1);
        TestVolume volume = new TestVolume(kafka, 8 << 20)) {
      FailingBlockFile[] file = new FailingBlockFile[1];
      ImageFiles failing =
          (path, create) -> {
            file[0] = new FailingBlockFile(ImageFiles.HOST.open(path, create));
            return file[0];
          };
      OutageLog.Plan plan = new OutageLog.Plan(() -> kafka.stopBroker(0));
      try (Replica replica =
          Replica.start(
              volume.volume(),
              options,
              volume.ports(
                  failing,
                  (name, image) -> new OutageLog(volume.logs().open(name, image), plan)))) {
        assertTrue(replica.awaitVisible(volume.append(write(0, CLUSTER_BYTES, 1)) + 1, SOON));
        for (OutageLog.Step step : OutageLog.Step.values()) {
          plan.stopBefore(step);
          file[0].failNext(io -> io.kind() == Kind.WRITE && io.length() > 9_000, Failure.EIO);
          long offset = L2_SPAN * (1 + step.ordinal()) - 5_000;
          long last = volume.append(write(offset, 15_000, 2 + step.ordinal()));
          plan.awaitOutage(SOON);
          // It tries again and again, and frees nothing while nobody can be told.
          plan.awaitFailedCall(SOON);
          assertFalse(replica.awaitVisible(last + 1, Duration.ofSeconds(1)));
          kafka.startBroker(0);
          assertTrue(replica.awaitVisible(last + 1, SOON));
        }
      }
      List<Compensation> all = compensations(volume);
      assertEquals(OutageLog.Step.values().length, all.size());
      for (Compensation each : all) {
        assertEquals(State.DONE, each.state(), each::toString);
      }
      byte[] content = new byte[8 << 20];
      Arrays.fill(content, 0, CLUSTER_BYTES, (byte) 1);
      for (OutageLog.Step step : OutageLog.Step.values()) {
        int offset = (int) L2_SPAN * (1 + step.ordinal()) - 5_000;
        Arrays.fill(content, offset, offset + 15_000, (byte) (2 + step.ordinal()));
      }
      GuestDisk.assertHolds(content, options.image());
    }
  }

  private static List<Compensation> compensations(TestVolume volume) throws Exception {
    return KafkaCompensationLog.readAll(volume.settings(), TestVolume.NAME);
  }
}
