package dev.drover.system.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.system.kafka.EmbeddedKafka;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the registry says of a replica must not depend on whose clock is wrong. */
@Timeout(60)
class RegistryTruthTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration CLOSE = Duration.ofSeconds(5);

  private final KafkaSettings settings =
      EmbeddedKafka.shared().settings(EmbeddedKafka.freshPrefix());
  private KafkaRegistry registry;

  @BeforeEach
  void open() throws Exception {
    registry = new KafkaRegistry(settings);
    try (var volumes = new KafkaVolumes(settings, registry, Clock.systemUTC())) {
      volumes.create(NewVolume.empty("v", 1 << 20));
    }
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private static ReplicaStatus running(Instant lastSeen) {
    return new ReplicaStatus(
        "v",
        "r",
        "/image",
        "host",
        State.RUNNING,
        1,
        1,
        0,
        0,
        0,
        null,
        null,
        lastSeen,
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

  private static void assertClose(Instant expected, Instant actual) {
    Duration apart = Duration.between(expected, actual).abs();
    assertTrue(apart.compareTo(CLOSE) < 0, actual + " is not about " + expected);
  }

  @Test
  void aReplicaWhoseClockIsWrongIsSeenWhenTheBrokerHeardIt() throws Exception {
    for (Duration wrong : List.of(HOUR, HOUR.negated())) {
      registry.put(running(Instant.now().plus(wrong)));
      ReplicaStatus said = registry.replica("v", "r").orElseThrow();
      assertClose(Instant.now(), said.lastSeen());
      assertTrue(said.isAlive(registry.now()));
    }
  }

  @Test
  void aReaderWhoseClockIsWrongCallsNoLivingReplicaStoppedAndNoSilentOneAlive() throws Exception {
    registry.put(running(Instant.now()));
    for (Duration wrong : List.of(HOUR, HOUR.negated())) {
      try (var reader = new KafkaRegistry(settings, Clock.offset(Clock.systemUTC(), wrong))) {
        ReplicaStatus said = reader.replica("v", "r").orElseThrow();
        assertClose(Instant.now(), reader.now());
        assertEquals(State.RUNNING, said.asSeenAt(reader.now()).state());
        Instant later = reader.now().plusSeconds(31);
        assertEquals(State.STOPPED, said.asSeenAt(later).state());
        assertTrue(said.asSeenAt(later).reason().startsWith("no heartbeat since "));
      }
    }
  }

  @Test
  void aWriterWhoseClockIsWrongIsAliveForAsLongAsTheBrokersHeardOfIt() throws Exception {
    try (var volumes = new KafkaVolumes(settings, registry, Clock.systemUTC())) {
      VolumeDescriptor volume = volumes.open("v").descriptor();
      for (Duration wrong : List.of(HOUR.negated(), HOUR)) {
        Clock clock = Clock.offset(Clock.systemUTC(), wrong);
        registry.put(running(clock.instant()));
        var me = new WriterIdentity("host", new UUID(2, 2), "/image");
        try (IntentSink _ = KafkaIntentSink.open(settings, volume, me, true, clock)) {
          WriterState writer = volumes.writer(volume).orElseThrow();
          assertClose(Instant.now(), writer.lastSeen());
          assertEquals(writer.lastSeen(), volumes.show("v").writer().lastSeen());
          assertTrue(writer.isAlive(registry.now()));
          assertFalse(writer.isAlive(registry.now().plus(WriterState.ALIVE).plusSeconds(1)));
          JournalException served = assertThrows(JournalException.class, () -> volumes.delete("v"));
          assertEquals(JournalException.Code.WRITER_ALIVE, served.code());
        }
      }
    }
  }

  @Test
  void aTopicThatKeepsItsWritersTimesIsReadByThem() throws Exception {
    var topic = new ConfigResource(ConfigResource.Type.TOPIC, settings.topics().registry());
    var own = new ConfigEntry("message.timestamp.type", "CreateTime");
    try (Admin admin = EmbeddedKafka.shared().admin()) {
      admin
          .incrementalAlterConfigs(
              Map.of(topic, List.of(new AlterConfigOp(own, AlterConfigOp.OpType.SET))))
          .all()
          .get();
    }
    Instant then = Instant.parse("2026-01-02T03:04:05Z");
    registry.put(running(then));
    assertEquals(then, registry.replica("v", "r").orElseThrow().lastSeen());
  }
}
