package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.VolumeDescriptor.ImportProgress;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KafkaVolumesTest {
  private static final long SIZE = 1 << 30;

  private final KafkaSettings settings =
      EmbeddedKafka.shared().settings(EmbeddedKafka.freshPrefix());
  private Admin admin;
  private KafkaRegistry registry;
  private KafkaVolumes volumes;

  @BeforeEach
  void open() throws Exception {
    admin = EmbeddedKafka.shared().admin();
    registry = new KafkaRegistry(settings);
    volumes = new KafkaVolumes(settings, registry, Clock.systemUTC());
  }

  @AfterEach
  void close() {
    volumes.close();
    registry.close();
    admin.close();
  }

  private static JournalException assertFails(
      Code code, org.junit.jupiter.api.function.Executable call) {
    JournalException e = assertThrows(JournalException.class, call);
    assertEquals(code, e.code(), e.getMessage());
    return e;
  }

  private Set<String> topics() throws Exception {
    Set<String> names = new java.util.TreeSet<>(admin.listTopics().names().get());
    names.removeIf(name -> !name.startsWith(settings.prefix() + "."));
    return names;
  }

  private String setting(String topic, String key) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(key).value();
  }

  private void alter(String topic, String key, String value) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Collection<AlterConfigOp> change =
        List.of(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET));
    admin.incrementalAlterConfigs(Map.of(resource, change)).all().get();
  }

  @Test
  void aCreatedVolumeHasItsTopicsWithTheSettingsOfAJournal() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    String p = settings.prefix();
    assertEquals(
        Set.of(p + ".registry", p + ".v.compensations", p + ".v.control", p + ".v.intents"),
        topics());
    assertEquals("delete", setting(made.topic(), "cleanup.policy"));
    assertEquals("-1", setting(made.topic(), "retention.ms"));
    assertEquals("-1", setting(made.topic(), "retention.bytes"));
    assertEquals("false", setting(made.topic(), "unclean.leader.election.enable"));
    assertEquals("CreateTime", setting(made.topic(), "message.timestamp.type"));
    assertEquals("compact", setting(p + ".v.compensations", "cleanup.policy"));
    assertEquals("compact", setting(p + ".registry", "cleanup.policy"));

    var opened = volumes.open("v");
    assertEquals(made, opened.descriptor());
    assertEquals(made.topicId(), opened.identity().topicId());
    assertEquals(List.of(), opened.warnings());
    assertEquals(1, opened.replicationFactor());
    assertEquals(List.of(made), volumes.list());
    var report = volumes.show("v");
    assertEquals(0, report.logEndOffset());
    assertNull(report.writer());
  }

  @Test
  void aVolumeThatExistsIsRefusedAndStaysAsItIs() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    assertFails(Code.VOLUME_EXISTS, () -> volumes.create(NewVolume.empty("v", SIZE * 2)));
    assertEquals(made, volumes.find("v"));
  }

  @Test
  void aTopicInAVolumesPlaceIsRefusedAndStaysAsItIs() throws Exception {
    String topic = settings.topics().intents("v");
    admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
    var e = assertFails(Code.VOLUME_EXISTS, () -> volumes.create(NewVolume.empty("v", SIZE)));
    assertTrue(e.getMessage().contains(topic), e.getMessage());
    assertFails(Code.VOLUME_MISSING, () -> volumes.find("v"));
    var found = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    assertEquals(2, found.partitions().size());
  }

  @Test
  void aCreationThatWasKilledIsCompletedByTheSameCall() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    // As it is after a kill between the first topic and the last word to the registry.
    admin.deleteTopics(List.of(settings.topics().control("v"))).all().get();
    registry.put(
        new VolumeDescriptor(
            "v",
            made.uuid(),
            SIZE,
            VolumeDescriptor.State.CREATING,
            made.topic(),
            null,
            made.chunkBytes(),
            made.created(),
            null));
    assertFails(Code.VOLUME_NOT_READY, () -> volumes.open("v"));
    assertFails(Code.VOLUME_EXISTS, () -> volumes.create(NewVolume.empty("v", SIZE * 2)));
    VolumeDescriptor again = volumes.create(NewVolume.empty("v", SIZE));
    assertEquals(made.uuid(), again.uuid());
    assertEquals(made.topicId(), again.topicId());
    assertEquals(again, volumes.open("v").descriptor());
  }

  @Test
  void anImportThatWasKilledGoesOnOnlyWithTheUnchangedImage() throws Exception {
    var image = new ImportProgress("/i.qcow2", 1000, Instant.EPOCH, 0);
    VolumeDescriptor made = volumes.create(NewVolume.importing("v", SIZE, image));
    assertFails(Code.VOLUME_NOT_READY, () -> volumes.open("v"));
    registry.put(made.importing(image.at(65536)));
    VolumeDescriptor again = volumes.create(NewVolume.importing("v", SIZE, image));
    assertEquals(65536, again.importProgress().nextGuestOffset());

    var changed = new ImportProgress("/i.qcow2", 1000, Instant.EPOCH.plusSeconds(1), 0);
    var e =
        assertFails(
            Code.VOLUME_EXISTS, () -> volumes.create(NewVolume.importing("v", SIZE, changed)));
    assertTrue(e.hint().contains("delete the volume"), e.hint());
    assertFails(Code.VOLUME_EXISTS, () -> volumes.create(NewVolume.empty("v", SIZE)));
    registry.put(again.ready());
    assertEquals("v", volumes.open("v").descriptor().name());
  }

  @Test
  void aMissingTopicIsNamed() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    admin.deleteTopics(List.of(made.topic())).all().get();
    var e = assertFails(Code.TOPIC_MISSING, () -> volumes.open("v"));
    assertTrue(e.getMessage().contains(made.topic()), e.getMessage());
    assertEquals(-1, volumes.show("v").logEndOffset());
  }

  @Test
  void aTopicWithTwoPartitionsIsRefused() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    admin.createPartitions(Map.of(made.topic(), NewPartitions.increaseTo(2))).all().get();
    var e = assertFails(Code.BAD_TOPIC, () -> volumes.open("v"));
    assertTrue(e.getMessage().contains("2 partitions"), e.getMessage());
  }

  @Test
  void aTopicThatWasCompactedIsRefusedAndAWeakerOneIsAWarning() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    alter(made.topic(), "retention.ms", "100000");
    var warnings = volumes.open("v").warnings();
    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().toString().contains("retention.ms is 100000, wanted -1"));
    alter(made.topic(), "cleanup.policy", "compact");
    assertFails(Code.BAD_TOPIC, () -> volumes.open("v"));
  }

  @Test
  void aRecreatedTopicIsRefused() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    admin.deleteTopics(List.of(made.topic())).all().get();
    admin.createTopics(List.of(new NewTopic(made.topic(), 1, (short) 1))).all().get();
    assertFails(Code.RECREATED, () -> volumes.open("v"));
  }

  @Test
  void aDeletedVolumeLeavesNothingAndItsNameIsFreeForAnother() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    volumes.create(NewVolume.empty("v2", SIZE));
    registry.put(status("v", "r"));
    registry.put(status("v2", "r"));
    volumes.delete("v");
    assertFails(Code.VOLUME_MISSING, () -> volumes.find("v"));
    assertEquals(List.of(), registry.replicas("v"));
    assertEquals(1, registry.replicas("v2").size(), "the other volume's stays");
    assertEquals(4, topics().size());
    assertNotEquals(made.uuid(), volumes.create(NewVolume.empty("v", SIZE)).uuid());
  }

  @Test
  void aVolumeThatIsServedIsNotDeleted() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    var me = new WriterIdentity("h", UUID.randomUUID(), "/a.qcow2");
    try (var sink = KafkaIntentSink.open(settings, made, me, false, Clock.systemUTC())) {
      var e = assertFails(Code.WRITER_ALIVE, () -> volumes.delete("v"));
      assertTrue(e.getMessage().contains("/a.qcow2"), e.getMessage());
      assertEquals(sink.epoch(), volumes.show("v").writer().epoch());
    }
    volumes.delete("v");
  }

  private static ReplicaStatus status(String volume, String replica) {
    return new ReplicaStatus(
        volume,
        replica,
        "/r.qcow2",
        "host",
        ReplicaStatus.State.RUNNING,
        0,
        0,
        0,
        0,
        0,
        null,
        null,
        Instant.now(),
        new UUID(1, 1),
        new UUID(2, 2),
        null,
        false,
        false,
        "id",
        1,
        new UUID(3, 3),
        0,
        false);
  }

  @Test
  void whatOneRegistryWritesAnotherReadsAtOnce() throws Exception {
    volumes.create(NewVolume.empty("v", SIZE));
    try (var other = new KafkaRegistry(settings)) {
      assertEquals(List.of(), other.replicas("v"));
      for (int i = 0; i < 20; i++) {
        registry.put(status("v", "r" + i));
        assertEquals(i + 1, other.replicas("v").size());
      }
      registry.removeReplica("v", "r7");
      assertTrue(other.replica("v", "r7").isEmpty());
      assertEquals(registry.replica("v", "r8"), other.replica("v", "r8"));
    }
  }

  @Test
  void oneBadEntryDoesNotHideTheOthers() throws Exception {
    VolumeDescriptor made = volumes.create(NewVolume.empty("v", SIZE));
    try (var raw = new KafkaProducer<byte[], byte[]>(settings.producer(Duration.ofSeconds(10)))) {
      byte[] key = "volume/broken".getBytes(StandardCharsets.UTF_8);
      byte[] value = "{\"name\":".getBytes(StandardCharsets.UTF_8);
      raw.send(new ProducerRecord<>(settings.topics().registry(), key, value)).get();
    }
    assertEquals(List.of(made), volumes.list());
    assertFails(Code.DAMAGED_RECORD, () -> volumes.find("broken"));
  }

  @Test
  void aBrokerThatIsNotThereIsNamedWithinTenSeconds() throws Exception {
    var nowhere = new KafkaSettings("127.0.0.1:1", "drover", Map.of());
    try (var lost = new KafkaVolumes(nowhere, registry, Clock.systemUTC())) {
      long before = System.nanoTime();
      var e = assertFails(Code.UNREACHABLE, lost::requireBroker);
      assertTrue(System.nanoTime() - before < Duration.ofSeconds(12).toNanos());
      assertTrue(e.getMessage().contains("127.0.0.1:1"), e.getMessage());
    }
    var unknown = new KafkaSettings("no-such-host.invalid:9092", "drover", Map.of());
    assertFails(Code.UNREACHABLE, () -> new KafkaVolumes(unknown, registry, Clock.systemUTC()));
  }
}
