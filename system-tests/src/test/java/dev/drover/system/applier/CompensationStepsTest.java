package dev.drover.system.applier;

import static dev.drover.system.applier.TestVolume.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ApplierException;
import dev.drover.applier.Compensation;
import dev.drover.applier.Compensation.State;
import dev.drover.applier.CompensationLog;
import dev.drover.applier.ImageFiles;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageWalk;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A write that spans two L2 tables fails half-way. The apply is stopped at each step of the
 * compensation, and the image's file and the broker are asked, from outside, what is true then.
 */
final class CompensationStepsTest {

  private static final int CLUSTER = 4096;
  private static final long L2_SPAN = (long) CLUSTER / 8 * CLUSTER;
  private static final String REPLICA = "replica-a";
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path dir;
  private Path path;
  private FailingBlockFile file;
  private final CompletableFuture<Long> failedIntent = new CompletableFuture<>();
  private final List<String> steps = new ArrayList<>();
  private final List<Throwable> wrong = new ArrayList<>();
  private List<ClusterExtent> published = List.of();

  @Test
  @Timeout(120)
  void eachStepOfACompensationHoldsWhatItPromises() throws Exception {
    path = dir.resolve("a.qcow2");
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 8 << 20)) {
      volume.append(write(0, 3 * CLUSTER, 1));
      volume.append(write(L2_SPAN - 4 * CLUSTER, 2 * CLUSTER, 2));
      ImageFiles failing =
          (where, create) -> {
            file = new FailingBlockFile(ImageFiles.HOST.open(where, create));
            return file;
          };
      ReplicaOptions options = ReplicaOptions.of(path).withName(REPLICA).withClusterBytes(CLUSTER);
      CompensationLog.Opener watched =
          (replica, incarnation) -> new Watched(volume, volume.logs().open(replica, incarnation));
      try (Replica replica =
          Replica.start(volume.volume(), options, volume.ports(failing, watched))) {
        assertTrue(replica.awaitVisible(3, SOON));
        file.failNext(io -> io.kind() == Kind.WRITE && io.length() > 2 * CLUSTER, Failure.EIO);
        failedIntent.complete(volume.append(write(L2_SPAN - 5000, 15000, 3)));
        assertTrue(replica.awaitVisible(failedIntent.get() + 1, SOON));
        assertEquals(1, replica.report().compensations());
        ByteBuffer read = ByteBuffer.allocate(15000);
        replica.read(L2_SPAN - 5000, read);
        assertArrayEquals(write(0, 15000, 3).data().array(), read.array());
      }
      assertEquals(List.of(), wrong);
      assertEquals(List.of("published", "freed", "committed"), steps);
      assertTrue(volume.groupOffset(REPLICA).orElseThrow() > failedIntent.get());
      assertClean();
      replayingTheRecordChangesNoByte(volume);
    }
  }

  private void assertClean() throws IOException {
    CheckReport report = ImageCheck.check(MemoryBlockFile.load(path), ImageCheck.Repair.NONE);
    assertTrue(report.isClean(), report::toString);
  }

  /** As if it had never been marked done, and again under another image's name. */
  private void replayingTheRecordChangesNoByte(TestVolume volume) throws Exception {
    long end = volume.stopWriting();
    followTo(end, volume);
    byte[] before = Files.readAllBytes(path);
    Compensation done = all(volume).getFirst();
    try (CompensationLog log = volume.logs().open(REPLICA, done.incarnation())) {
      log.publish(copy(done, done.incarnation()));
      log.publish(copy(done, UUID.randomUUID()));
    }
    assertEquals(2, all(volume).stream().filter(c -> c.state() == State.OPEN).count());
    followTo(end, volume);
    assertArrayEquals(before, Files.readAllBytes(path), "a record was obeyed");
    List<State> states = all(volume).stream().map(Compensation::state).sorted().toList();
    assertEquals(List.of(State.OPEN, State.DONE), states, "its own is done, another's is not");
  }

  private void followTo(long end, TestVolume volume) throws Exception {
    ReplicaOptions options = ReplicaOptions.of(path).withUntil(end);
    try (Replica replica =
        Replica.start(volume.volume(), options, volume.ports(ImageFiles.HOST, volume.logs()))) {
      assertEquals(end, replica.done().get(60, TimeUnit.SECONDS).appliedOffset());
    }
  }

  private static Compensation copy(Compensation of, UUID incarnation) {
    return new Compensation(
        incarnation,
        of.generation(),
        of.replica(),
        of.position(),
        of.clusterBytes(),
        of.clusters(),
        of.cause(),
        State.OPEN,
        of.time());
  }

  private static List<Compensation> all(TestVolume volume) throws Exception {
    return KafkaCompensationLog.readAll(volume.settings(), TestVolume.NAME);
  }

  /** Stops at each step and looks, with the applying thread held inside the call. */
  private final class Watched extends ForwardingCompensationLog {
    private final TestVolume volume;

    Watched(TestVolume volume, CompensationLog log) {
      super(log);
      this.volume = volume;
    }

    @Override
    public void publish(Compensation compensation) throws ApplierException {
      look("not yet published", () -> assertEquals(List.of(), all(volume)));
      super.publish(compensation);
      published = compensation.clusters();
      look("published", this::lookWhenPublished);
      steps.add("published");
    }

    private void lookWhenPublished() throws Exception {
      List<Compensation> all = all(volume);
      assertEquals(1, all.size());
      assertEquals(State.OPEN, all.getFirst().state());
      assertEquals(REPLICA, all.getFirst().replica());
      assertEquals(published, all.getFirst().clusters());
      assertFalse(published.isEmpty(), "nothing to give back");
      ImageWalk walk = ImageWalk.of(MemoryBlockFile.load(path));
      for (ClusterExtent extent : published) {
        for (long cluster : walk.clusters(extent)) {
          assertEquals(1, walk.refcount(cluster), "refcount of cluster " + cluster);
          assertEquals(0, walk.references(cluster), "references to cluster " + cluster);
        }
      }
      assertGroupOffsetBelowTheFailedIntent();
    }

    @Override
    public void doneAndCommit(List<Compensation> compensations, long offset)
        throws ApplierException {
      look("freed", this::lookWhenFreed);
      steps.add("freed");
      super.doneAndCommit(compensations, offset);
      look("committed", this::lookWhenCommitted);
      steps.add("committed");
    }

    private void lookWhenFreed() throws Exception {
      assertFreed();
      assertEquals(State.OPEN, all(volume).getFirst().state());
      assertGroupOffsetBelowTheFailedIntent();
    }

    private void lookWhenCommitted() throws Exception {
      assertFreed();
      assertEquals(State.DONE, all(volume).getFirst().state());
      assertGroupOffsetBelowTheFailedIntent();
      assertClean();
    }

    private void assertFreed() throws IOException {
      ImageWalk walk = ImageWalk.of(MemoryBlockFile.load(path));
      for (ClusterExtent extent : published) {
        for (long cluster : walk.clusters(extent)) {
          assertEquals(0, walk.refcount(cluster), "refcount of cluster " + cluster);
          assertEquals(0, walk.references(cluster), "references to cluster " + cluster);
        }
      }
    }

    private void assertGroupOffsetBelowTheFailedIntent() throws Exception {
      // As Kafka counts: the offset of the intent itself is the next one to apply.
      OptionalLong offset = volume.groupOffset(REPLICA);
      long failed = failedIntent.get(30, TimeUnit.SECONDS);
      assertTrue(offset.orElse(0) <= failed, () -> "group offset " + offset);
    }

    private void look(String step, Look what) {
      try {
        what.look();
      } catch (Throwable e) {
        wrong.add(new AssertionError("when " + step, e));
      }
    }
  }

  private interface Look {
    void look() throws Exception;
  }
}
