package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.ControlRequest;
import dev.drover.journal.Durability;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaControl;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The writer while brokers go and come; each test has a cluster of its own to hurt. */
@Timeout(180)
class BrokerAwayWriterTest {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final WriterIdentity ME = new WriterIdentity("h", new UUID(1, 1), "/a.qcow2");

  private static VolumeDescriptor create(KafkaSettings settings) throws JournalException {
    return create(settings, NewVolume.empty("v", 1 << 30));
  }

  private static VolumeDescriptor create(KafkaSettings settings, NewVolume wanted)
      throws JournalException {
    try (var registry = new KafkaRegistry(settings);
        var volumes = new KafkaVolumes(settings, registry, CLOCK)) {
      return volumes.create(wanted);
    }
  }

  /** A write that only its guest offset tells from others. */
  private static Intent write(int id) {
    return new Intent.Write(id, ByteBuffer.allocate(4096));
  }

  /** Where each write counts; no write does twice. */
  private static Map<Integer, Long> counting(KafkaSettings settings, VolumeDescriptor volume)
      throws JournalException {
    Map<Integer, Long> found = new HashMap<>();
    try (var source = KafkaIntentSource.open(settings, volume)) {
      source.seek(Position.START);
      long end = source.endOffset();
      while (source.position().nextOffset() < end) {
        for (JournalEntry entry : source.poll(Duration.ofMillis(200))) {
          if (entry.valid() && entry.record().intent() instanceof Intent.Write w) {
            assertNull(found.put((int) w.guestOffset(), entry.offset()), "counts twice");
          }
        }
      }
    }
    return found;
  }

  @Test
  void batchesThatExpireUnsentAreAppendedAgainInANewEpoch() throws Exception {
    try (var kafka = EmbeddedKafka.start(1)) {
      KafkaSettings settings =
          kafka.settings(EmbeddedKafka.freshPrefix()).withJournalTimeout(Duration.ofSeconds(15));
      VolumeDescriptor volume = create(settings);
      try (KafkaIntentSink sink = KafkaIntentSink.open(settings, volume, ME, false, CLOCK)) {
        sink.append(write(0)).get();
        long before = sink.epoch();
        kafka.stopBroker(0);
        List<CompletableFuture<Long>> appends = new ArrayList<>();
        assertTimeout(
            Duration.ofSeconds(6),
            () -> {
              for (int id = 1; id <= 500; id++) {
                appends.add(sink.append(write(id)));
              }
            },
            "who appends waits for the brokers only when the writer's memory is full");
        // Past the delivery timeout, and within the time that a second chance has.
        TimeUnit.MILLISECONDS.sleep(15_500);
        kafka.startBroker(0);
        for (CompletableFuture<Long> append : appends) {
          append.get(60, TimeUnit.SECONDS);
        }
        assertTrue(sink.epoch() > before, "a new epoch was taken");
        assertNull(sink.lost().getNow(null));
        Map<Integer, Long> counting = counting(settings, volume);
        for (int id = 1; id <= 500; id++) {
          assertEquals(appends.get(id - 1).get(), counting.get(id));
        }
      }
    }
  }

  @Test
  void aBrokerThatStaysAwayLosesTheJournalForGood() throws Exception {
    try (var kafka = EmbeddedKafka.start(1)) {
      KafkaSettings settings =
          kafka.settings(EmbeddedKafka.freshPrefix()).withJournalTimeout(Duration.ofSeconds(2));
      VolumeDescriptor volume = create(settings);
      try (KafkaIntentSink sink = KafkaIntentSink.open(settings, volume, ME, false, CLOCK)) {
        kafka.stopBroker(0);
        var append = sink.append(write(1));
        var e = assertThrows(ExecutionException.class, () -> append.get(60, TimeUnit.SECONDS));
        assertEquals(Code.APPEND_FAILED, ((JournalException) e.getCause()).code());
        assertEquals(Code.APPEND_FAILED, sink.lost().join().code());
      }
    }
  }

  @Test
  void aVerbWaitsForBrokersThatTakeNoRecordNoLongerThanItsCaller() throws Exception {
    try (var kafka = EmbeddedKafka.start(2)) {
      KafkaSettings settings = kafka.settings(EmbeddedKafka.freshPrefix());
      Durability asked = new Durability(null, 2, 2);
      VolumeDescriptor volume = create(settings, new NewVolume("v", 1 << 30, asked, null));
      kafka.stopBroker(1 - leader(kafka, volume.topic()));
      var control = new KafkaControl(settings, "verb", CLOCK);
      var mark = ControlRequest.mark("m", CLOCK.instant());
      var e =
          assertTimeout(
              Duration.ofSeconds(60),
              () ->
                  assertThrows(
                      JournalException.class,
                      () -> control.append(volume, mark, Duration.ofSeconds(5))));
      assertEquals(Code.APPEND_FAILED, e.code());
      assertEquals(Map.of(), counting(settings, volume));
    }
  }

  @Test
  void aLeaderThatStopsUnderLoadCostsNothingThatWasAcknowledged() throws Exception {
    try (var kafka = EmbeddedKafka.start(3)) {
      KafkaSettings settings = kafka.settings(EmbeddedKafka.freshPrefix());
      VolumeDescriptor volume = create(settings);
      List<CompletableFuture<Long>> appends = new ArrayList<>();
      try (KafkaIntentSink sink = KafkaIntentSink.open(settings, volume, ME, false, CLOCK)) {
        Semaphore inFlight = new Semaphore(200);
        for (int id = 0; id < 6_000; id++) {
          inFlight.acquire();
          CompletableFuture<Long> done = sink.append(write(id));
          done.whenComplete((offset, failure) -> inFlight.release());
          appends.add(done);
          if (id == 2_000) {
            int leader = leader(kafka, volume.topic());
            CompletableFuture.runAsync(() -> kafka.stopBroker(leader));
          }
        }
        for (CompletableFuture<Long> append : appends) {
          append.get(60, TimeUnit.SECONDS);
        }
        assertNull(sink.lost().getNow(null));
      }
      Map<Integer, Long> counting = counting(settings, volume);
      for (int id = 0; id < appends.size(); id++) {
        assertEquals(appends.get(id).get(), counting.get(id));
      }
    }
  }

  private static int leader(EmbeddedKafka kafka, String topic) throws Exception {
    try (var admin = kafka.admin()) {
      var found = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
      return found.partitions().getFirst().leader().id();
    }
  }
}
