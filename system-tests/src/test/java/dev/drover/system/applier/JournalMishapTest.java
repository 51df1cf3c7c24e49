package dev.drover.system.applier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ImagePosition;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.applier.HaltingApplier.Moment;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What people and brokers do to a journal behind its back: the replica stops at its last good
 * position, says what is wrong and where, and has applied nothing past it.
 */
@RequiresTools("qemu-img")
@Timeout(120)
final class JournalMishapTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final int SIZE = 8 << 20;

  @TempDir Path folder;

  private ReplicaOptions replica(String name) {
    return ReplicaOptions.of(folder.resolve(name + ".qcow2")).withName(name);
  }

  @Test
  void aTopicThatIsDeletedAndRecreatedIsNeverTakenForTheSame() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), SIZE)) {
      GuestDisk disk = new GuestDisk(volume, 1);
      ReplicaOptions stopped = replica("stopped");
      disk.write(20);
      volume.followToEnd(stopped);
      byte[] whole = Files.readAllBytes(stopped.image());
      ReplicaOptions running = replica("running");
      try (Replica replica = volume.start(running)) {
        assertTrue(replica.awaitVisible(disk.write(20) + 1, SOON));
        recreate(volume);
        assertStops(replica, "RECREATED");
      }
      disk.assertOn(running.image());
      assertRefused(volume, running, "RECREATED", "FOREIGN_JOURNAL");
      assertRefused(volume, stopped, "RECREATED", "FOREIGN_JOURNAL");
      assertArrayEquals(whole, Files.readAllBytes(stopped.image()));
    }
  }

  private static void recreate(TestVolume volume) throws Exception {
    String topic = volume.volume().topic();
    try (Admin admin = EmbeddedKafka.shared().admin()) {
      admin.deleteTopics(List.of(topic)).all().get();
      while (admin.listTopics().names().get().contains(topic)) {
        Thread.onSpinWait();
      }
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
  }

  @Test
  void aByteFlippedInARecordStopsEveryReplicaBeforeIt() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), SIZE)) {
      GuestDisk disk = new GuestDisk(volume, 2);
      ReplicaOptions running = replica("running");
      try (Replica replica = volume.start(running)) {
        disk.write(20);
        long end = volume.stopWriting();
        assertTrue(replica.awaitVisible(end, SOON));
        byte[] good = disk.content();
        JournalRecord next =
            new JournalRecord(
                volume.volume().uuid(), end, 0, -1, 1, 0, TestVolume.write(0, 4096, 0x5a));
        byte[] value = RecordCodec.encode(next).array();
        value[value.length - 100] ^= 4;
        assertEquals(end, append(volume, value));
        assertStops(replica, "DAMAGED_RECORD", "offset " + end);
        GuestDisk.assertHolds(good, running.image());
        assertStops(volume, running, "DAMAGED_RECORD", "offset " + end);
        ReplicaOptions late = replica("late");
        assertStops(volume, late, "DAMAGED_RECORD", "offset " + end);
        GuestDisk.assertHolds(good, late.image());
      }
    }
  }

  private static long append(TestVolume volume, byte[] value) throws Exception {
    Map<String, Object> config = volume.settings().producer(Duration.ofSeconds(20));
    try (var producer = new KafkaProducer<byte[], byte[]>(config)) {
      return producer
          .send(new ProducerRecord<>(volume.volume().topic(), 0, null, value))
          .get()
          .offset();
    }
  }

  @Test
  void aTrimmedBeginningStopsWhoIsBehindItAndNobodyElse() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), SIZE)) {
      GuestDisk disk = new GuestDisk(volume, 3);
      disk.write(20);
      ReplicaOptions behind = replica("behind");
      volume.followToEnd(behind);
      byte[] whole = Files.readAllBytes(behind.image());
      ReplicaOptions ahead = replica("ahead");
      long last = disk.write(20);
      volume.followToEnd(ahead);
      TopicPartition journal = new TopicPartition(volume.volume().topic(), 0);
      try (Admin admin = EmbeddedKafka.shared().admin()) {
        admin.deleteRecords(Map.of(journal, RecordsToDelete.beforeOffset(last - 5))).all().get();
      }
      assertRefused(volume, behind, "TRIMMED");
      assertArrayEquals(whole, Files.readAllBytes(behind.image()));
      assertRefused(volume, replica("fresh"), "TRIMMED");
      disk.write(20);
      volume.followToEnd(ahead);
      disk.assertOn(ahead.image());
    }
  }

  @Test
  void groupOffsetsThatAreResetBehindItsBackChangeNothing() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), SIZE)) {
      GuestDisk disk = new GuestDisk(volume, 4);
      ReplicaOptions options = replica("a");
      for (long reset : new long[] {0, 1_000_000, 3}) {
        disk.write(20);
        volume.followToEnd(options);
        resetGroup(volume, "a", reset);
        try (Replica replica = volume.start(options)) {
          assertTrue(replica.awaitVisible(disk.write(20) + 1, SOON));
          resetGroup(volume, "a", reset);
          assertTrue(replica.awaitVisible(disk.write(20) + 1, SOON));
        }
        ImagePosition position = position(options.image());
        assertEquals(
            position.applied().nextOffset(), volume.groupOffset("a").orElseThrow(), "reported");
      }
      volume.stopWriting();
      volume.followToEnd(options);
      disk.assertOn(options.image());
    }
  }

  private static void resetGroup(TestVolume volume, String replica, long offset) throws Exception {
    String prefix = volume.settings().prefix() + "." + TestVolume.NAME;
    TopicPartition journal = new TopicPartition(volume.volume().topic(), 0);
    try (Admin admin = EmbeddedKafka.shared().admin()) {
      admin
          .alterConsumerGroupOffsets(
              prefix + "." + replica, Map.of(journal, new OffsetAndMetadata(offset)))
          .all()
          .get();
    }
  }

  /**
   * The leader takes what nobody else has to its end, and the broker that lagged leads: what was
   * acknowledged with {@code min.insync.replicas=1} is gone, and the journal goes on without it.
   */
  @Test
  void aLogCutByAnUncleanElectionStopsWhoHasAppliedOrPromisedWhatWasLost() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(2);
        Admin admin = kafka.admin();
        TestVolume volume = new TestVolume(kafka, SIZE)) {
      allowUncleanElections(admin, volume.volume().topic());
      int leader = leader(admin, volume);
      int lagging = 1 - leader;
      GuestDisk disk = new GuestDisk(volume, 5);
      disk.write(20);
      ReplicaOptions below = replica("below");
      ReplicaOptions beyond = replica("beyond");
      ReplicaOptions between = replica("between");
      for (ReplicaOptions each : List.of(below, beyond, between)) {
        volume.followToEnd(each);
      }
      byte[] kept = disk.content();
      long cut = position(below.image()).applied().nextOffset();

      kafka.stopBroker(lagging);
      disk.write(30);
      try (Replica running = volume.start(replica("running"))) {
        volume.followToEnd(beyond);
        assertEquals(
            HaltingApplier.KILLED,
            ApplierMishapTest.die(volume, between.image(), Moment.BEFORE_A_SYNC));
        ImagePosition promised = position(between.image());
        assertTrue(promised.minRecovery().nextOffset() > cut, promised::toString);
        assertEquals(cut, promised.applied().nextOffset());
        assertTrue(running.awaitVisible(cut + 30, SOON));

        kafka.stopBroker(leader);
        kafka.startBroker(lagging);
        while (leader(admin, volume) != lagging) {
          Thread.sleep(100);
        }
        assertStops(running, "TRUNCATED");
      }
      kafka.startBroker(leader);
      assertFenceNotices(volume);
      assertRefused(volume, beyond, "TRUNCATED");
      assertRefused(volume, between, "TRUNCATED");

      // The journal grows past all that was lost, with other records at the same offsets. What the
      // old writer sent last tells everybody that something it had answered is not there.
      appendOther(volume, 60);
      assertRefused(volume, beyond, "TRUNCATED");
      assertRefused(volume, between, "TRUNCATED");
      assertStops(volume, below, "LOST", "offset " + cut);
      GuestDisk.assertHolds(kept, below.image());
    }
  }

  private static void allowUncleanElections(Admin admin, String topic) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    var entry = new ConfigEntry("unclean.leader.election.enable", "true");
    admin
        .incrementalAlterConfigs(
            Map.of(resource, List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET))))
        .all()
        .get();
  }

  private static int leader(Admin admin, TestVolume volume) throws Exception {
    String topic = volume.volume().topic();
    var leader =
        admin
            .describeTopics(List.of(topic))
            .allTopicNames()
            .get()
            .get(topic)
            .partitions()
            .getFirst()
            .leader();
    return leader == null ? -1 : leader.id();
  }

  /** Whatever the old writer appends now: it is not acknowledged. */
  private static void assertFenceNotices(TestVolume volume) {
    ExecutionException e =
        assertThrows(
            ExecutionException.class,
            () -> volume.appendLater(new Intent.Flush()).get(60, TimeUnit.SECONDS));
    assertTrue(e.getCause() instanceof JournalException, e::toString);
    assertTrue(volume.sink().lost().isDone());
  }

  private static void appendOther(TestVolume volume, int count) throws Exception {
    try (KafkaIntentSink next =
        KafkaIntentSink.open(
            volume.settings(), volume.volume(), TestVolume.identity(), true, Clock.systemUTC())) {
      for (int i = 0; i < count; i++) {
        next.append(TestVolume.write(4096L * i, 4096, i)).get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static void assertStops(TestVolume volume, ReplicaOptions options, String... said)
      throws Exception {
    try (Replica replica = volume.start(options)) {
      assertStops(replica, said);
    }
  }

  /** It ends by itself, and its last word names the code, or the place. */
  private static void assertStops(Replica replica, String... said) {
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> replica.done().get(60, TimeUnit.SECONDS));
    ApplierException why = (ApplierException) e.getCause();
    String all = why + " " + why.getCause();
    if (why.getCause() instanceof JournalException journal) {
      all += journal.code();
    }
    for (String each : said) {
      assertTrue(all.contains(each), all);
    }
    assertFalse(why.hint().isEmpty());
  }

  /** It does not start, for one of these reasons. */
  private static void assertRefused(TestVolume volume, ReplicaOptions options, String... codes) {
    Exception e = assertThrows(Exception.class, () -> volume.start(options).close());
    String code =
        switch (e) {
          case ApplierException applier -> applier.code().name();
          case JournalException journal -> journal.code().name();
          default -> e.toString();
        };
    assertTrue(List.of(codes).contains(code), () -> code + ": " + e.getMessage());
  }

  private static ImagePosition position(Path image) throws IOException {
    try (HostFile file = HostFile.openForReading(image)) {
      return ImagePosition.read(file);
    }
  }
}
