package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Point;
import dev.drover.journal.PointResolver;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.system.kafka.EmbeddedKafka;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

/** A time means the same, whether Kafka dates records as their writer did or by its own clock. */
class TimePointTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final int RECORDS = 20;

  private final KafkaSettings settings =
      EmbeddedKafka.shared().settings(EmbeddedKafka.freshPrefix());
  private volatile Instant now = T0;

  @Test
  void aTimeIsFoundAmongRecordsThatTheBrokerHasDatedByItsOwnClock() throws Exception {
    try (var registry = new KafkaRegistry(settings);
        var volumes = new KafkaVolumes(settings, registry, Clock.systemUTC())) {
      VolumeDescriptor volume = volumes.create(NewVolume.empty("v", 1 << 20));
      InstantSource clock = () -> now;
      var me = new WriterIdentity("h", new UUID(1, 1), "/a.qcow2");
      try (var sink =
          KafkaIntentSink.open(settings, volume, me, false, clock.withZone(ZoneOffset.UTC))) {
        append(sink);
        dateBy("LogAppendTime", volume);
        append(sink);
        dateBy("CreateTime", volume);
        append(sink);
      }
      List<JournalEntry> entries = entries(volume);
      try (var source = KafkaIntentSource.open(settings, volume)) {
        PointResolver points = new PointResolver(volume, source, registry);
        Instant beforeAll = Instant.parse("1969-07-20T20:17:40Z");
        assertEquals(0, points.resolve(new Point.AtTime(beforeAll), Position.START).end());
        for (int second = -1; second <= 3 * RECORDS; second += 4) {
          Instant asked = T0.plusSeconds(second);
          assertEquals(
              meant(entries, asked),
              points.resolve(new Point.AtTime(asked), Position.START).end(),
              asked.toString());
        }
      }
    }
  }

  private void append(KafkaIntentSink sink) {
    List<CompletableFuture<Long>> done = new ArrayList<>();
    for (int i = 0; i < RECORDS; i++) {
      now = now.plusSeconds(1);
      done.add(sink.append(new Intent.Flush()));
    }
    done.forEach(CompletableFuture::join);
  }

  private void dateBy(String type, VolumeDescriptor volume) throws Exception {
    var topic = new ConfigResource(ConfigResource.Type.TOPIC, volume.topic());
    var entry = new ConfigEntry("message.timestamp.type", type);
    Collection<AlterConfigOp> change = List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET));
    try (var admin = EmbeddedKafka.shared().admin()) {
      admin.incrementalAlterConfigs(Map.of(topic, change)).all().get();
    }
  }

  private List<JournalEntry> entries(VolumeDescriptor volume) throws JournalException {
    List<JournalEntry> entries = new ArrayList<>();
    try (var source = KafkaIntentSource.open(settings, volume)) {
      source.seek(Position.START);
      long end = source.endOffset();
      while (source.position().nextOffset() < end) {
        entries.addAll(source.poll(Duration.ofMillis(200)));
      }
    }
    return entries;
  }

  /** By the definition: everything before the first record that counts and is stamped later. */
  private static long meant(List<JournalEntry> entries, Instant asked) {
    return entries.stream()
        .filter(entry -> entry.valid() && entry.after().timestampMillis() > asked.toEpochMilli())
        .findFirst()
        .map(JournalEntry::offset)
        .orElse((long) entries.size());
  }
}
