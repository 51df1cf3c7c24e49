package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.ControlRequest;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.Position;
import dev.drover.journal.RecordCodec;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaControl;
import dev.drover.journal.kafka.KafkaControlListener;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
class KafkaIntentSinkTest {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final WriterIdentity A = new WriterIdentity("ha", new UUID(1, 1), "/a.qcow2");
  private static final WriterIdentity B = new WriterIdentity("hb", new UUID(2, 2), "/b.qcow2");

  private final KafkaSettings settings =
      EmbeddedKafka.shared().settings(EmbeddedKafka.freshPrefix());
  private VolumeDescriptor volume;

  @BeforeEach
  void create() throws Exception {
    volume = create(settings);
  }

  private static VolumeDescriptor create(KafkaSettings settings) throws JournalException {
    try (var registry = new KafkaRegistry(settings);
        var volumes = new KafkaVolumes(settings, registry, CLOCK)) {
      return volumes.create(NewVolume.empty("v", 1 << 30));
    }
  }

  private KafkaIntentSink open(WriterIdentity me, boolean takeOver) throws JournalException {
    return KafkaIntentSink.open(settings, volume, me, takeOver, CLOCK);
  }

  private static Intent write(int bytes) {
    return new Intent.Write(0, ByteBuffer.allocate(bytes));
  }

  private static long await(CompletableFuture<Long> done) throws Exception {
    return done.get(60, TimeUnit.SECONDS);
  }

  private static Code failure(CompletableFuture<Long> done) {
    var e = assertThrows(ExecutionException.class, () -> await(done));
    return ((JournalException) e.getCause()).code();
  }

  private List<JournalEntry> journal() throws JournalException {
    return journal(settings, volume);
  }

  private static List<JournalEntry> journal(KafkaSettings settings, VolumeDescriptor volume)
      throws JournalException {
    List<JournalEntry> entries = new ArrayList<>();
    try (var source = KafkaIntentSource.open(settings, volume)) {
      source.seek(Position.START);
      long end = source.endOffset();
      while (source.position().nextOffset() < end && !source.stalled()) {
        entries.addAll(source.poll(Duration.ofMillis(200)));
      }
    }
    return entries;
  }

  /** Appends a record as a paused gateway's producer would when it wakes up. */
  private long appendLate(long epoch, long sequence, long acked) throws Exception {
    JournalRecord record =
        new JournalRecord(
            volume.uuid(), epoch, sequence, acked, CLOCK.millis(), 0, new Intent.Flush());
    try (var raw = new KafkaProducer<byte[], byte[]>(settings.producer(Duration.ofSeconds(10)))) {
      return raw.send(
              new ProducerRecord<>(volume.topic(), 0, null, RecordCodec.encode(record).array()))
          .get()
          .offset();
    }
  }

  @Test
  void thousandsOfAppendsInFlightCompleteInOrderAndCount() throws Exception {
    List<CompletableFuture<Long>> appends = new ArrayList<>();
    Queue<Long> overtaking = new ConcurrentLinkedQueue<>();
    try (KafkaIntentSink sink = open(A, false)) {
      CompletableFuture<Long> before = CompletableFuture.completedFuture(-1L);
      for (int i = 0; i < 5_000; i++) {
        CompletableFuture<Long> previous = before;
        CompletableFuture<Long> done = sink.append(write(1 + i % 5_000));
        // Runs in this thread if it is done already, so an order of callbacks would say nothing.
        done.thenAccept(
            offset -> {
              if (!previous.isDone()) {
                overtaking.add(offset);
              }
            });
        appends.add(done);
        before = done;
      }
      appends.add(sink.append(write(3 << 20)));
      for (int i = 1; i < appends.size(); i++) {
        assertTrue(await(appends.get(i - 1)) < await(appends.get(i)));
      }
    }
    assertEquals(List.of(), List.copyOf(overtaking));
    List<JournalEntry> journal = journal();
    assertTrue(journal.stream().allMatch(JournalEntry::valid));
    // EPOCH, the first heartbeat, the goodbye; the long write is six records.
    assertEquals(5_000 + 6 + 3, journal.size());
    assertEquals(new Intent.Heartbeat(true), journal.getLast().record().intent());
  }

  @Test
  void aSecondGatewayIsRefusedUntilItTakesOverAndThenTheFirstIsFenced() throws Exception {
    try (KafkaIntentSink first = open(A, false)) {
      await(first.append(write(512)));
      var refused = assertThrows(JournalException.class, () -> open(B, false));
      assertEquals(Code.WRITER_ALIVE, refused.code());
      assertTrue(refused.getMessage().contains("/a.qcow2"), refused.getMessage());
      assertTrue(refused.hint().contains("--take-over"), refused.hint());

      try (KafkaIntentSink second = open(B, true)) {
        await(second.append(write(512)));
        var zombie = first.append(write(512));
        assertEquals(Code.FENCED, failure(zombie));
        assertTrue(first.lost().join().getMessage().contains("/b.qcow2"));
        await(second.append(write(512)));
        assertNull(second.lost().getNow(null));
      }
    }
    long counted = journal().stream().filter(e -> e.valid() && isWrite(e)).count();
    assertEquals(3, counted, "the zombie's record is in the journal and void");
  }

  private static boolean isWrite(JournalEntry entry) {
    return entry.record().intent() instanceof Intent.Write;
  }

  @Test
  void anIdleGatewayLearnsThatItIsFenced() throws Exception {
    try (KafkaIntentSink first = open(A, false);
        KafkaIntentSink second = open(B, true)) {
      assertEquals(Code.FENCED, first.lost().get(4, TimeUnit.SECONDS).code());
      assertFalse(second.lost().isDone());
    }
  }

  @Test
  void aRestartOnTheSameImageAndOneAfterAGoodbyeAreImmediate() throws Exception {
    KafkaIntentSink killed = open(A, false);
    try (KafkaIntentSink again = open(A, false)) {
      assertTrue(again.epoch() > killed.epoch());
    }
    killed.close();
    try (KafkaIntentSink other = open(B, false)) {
      await(other.append(new Intent.Flush()));
    }
  }

  @Test
  void twoThatStartAtOnceSettleOnOne() throws Exception {
    for (int round = 0; round < 10; round++) {
      var a = CompletableFuture.supplyAsync(() -> tryToServe(A));
      var b = CompletableFuture.supplyAsync(() -> tryToServe(B));
      KafkaIntentSink first = a.get();
      KafkaIntentSink second = b.get();
      int alive = 0;
      for (KafkaIntentSink sink : new KafkaIntentSink[] {first, second}) {
        if (sink != null && kept(sink.append(write(512)))) {
          alive++;
        }
      }
      assertEquals(1, alive, "round " + round);
      for (KafkaIntentSink sink : new KafkaIntentSink[] {first, second}) {
        if (sink != null) {
          sink.close();
        }
      }
    }
    assertEquals(10, journal().stream().filter(e -> e.valid() && isWrite(e)).count());
  }

  private KafkaIntentSink tryToServe(WriterIdentity me) {
    try {
      return open(me, true);
    } catch (JournalException e) {
      assertEquals(Code.FENCED, e.code(), e.getMessage());
      return null;
    }
  }

  private static boolean kept(CompletableFuture<Long> done) throws Exception {
    try {
      await(done);
      return true;
    } catch (ExecutionException e) {
      return false;
    }
  }

  @Test
  void lateRecordsOfTheOldGatewayAreSteppedOverAndVoid() throws Exception {
    long old;
    try (KafkaIntentSink first = open(A, false)) {
      old = first.epoch();
    }
    try (KafkaIntentSink second = open(B, true)) {
      await(second.append(write(100)));
      for (int i = 0; i < 20; i++) {
        long late = appendLate(old, 2 + i, 1);
        assertEquals(late + 1, await(second.append(write(100))));
      }
    }
    List<JournalEntry> journal = journal();
    assertEquals(20, journal.stream().filter(e -> !e.valid()).count());
    assertEquals(2_100, journal.getLast().after().totalPayloadBytes());
  }

  @Test
  void aJournalThatRefusesRecordsFailsEveryAppendForGood() throws Exception {
    try (KafkaIntentSink sink = open(A, false)) {
      limitRecords(1_000);
      var first = sink.append(write(512 * 1024));
      var second = sink.append(new Intent.Flush());
      assertEquals(Code.APPEND_FAILED, failure(first));
      assertEquals(Code.APPEND_FAILED, failure(second));
      assertEquals(Code.APPEND_FAILED, sink.lost().join().code());
      assertEquals(Code.APPEND_FAILED, failure(sink.append(new Intent.Flush())));
    }
    assertEquals(0, journal().stream().filter(KafkaIntentSinkTest::isWrite).count());
  }

  private void limitRecords(int bytes) throws Exception {
    var topic = new ConfigResource(ConfigResource.Type.TOPIC, volume.topic());
    var entry = new ConfigEntry("max.message.bytes", Integer.toString(bytes));
    Collection<AlterConfigOp> change = List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET));
    try (var admin = EmbeddedKafka.shared().admin()) {
      admin.incrementalAlterConfigs(Map.of(topic, change)).all().get();
    }
  }

  @Test
  void aVerbIsServedByTheLiveGatewayBehindWhatItHasAnswered() throws Exception {
    var control = new KafkaControl(settings, "verb", CLOCK);
    try (KafkaIntentSink sink = open(A, false);
        var _ =
            KafkaControlListener.start(settings, volume, sink::append, sink.lost(), _ -> true)) {
      long answered = await(sink.append(write(512)));
      var request = ControlRequest.snapshotCreate(new UUID(5, 5), "s", Instant.now());
      long at = control.append(volume, request, Duration.ofSeconds(20));
      assertTrue(at > answered);
      JournalEntry entry = journal().get((int) at);
      assertEquals(new Intent.SnapshotCreate(new UUID(5, 5), "s"), entry.record().intent());
      assertEquals(sink.epoch(), entry.record().epoch(), "no epoch was taken for it");
      assertFalse(sink.lost().isDone());
      long mark = control.append(volume, ControlRequest.mark("m", Instant.now()), seconds(20));
      assertTrue(mark > at);
    }
  }

  private static Duration seconds(int seconds) {
    return Duration.ofSeconds(seconds);
  }

  @Test
  void aVerbWithoutALiveGatewayTakesAnEpochForItsOneRecordAndLeavesItClosed() throws Exception {
    var control = new KafkaControl(settings, "verb", CLOCK);
    long at = control.append(volume, ControlRequest.mark("m", Instant.now()), seconds(20));
    long again = control.append(volume, ControlRequest.mark("m", Instant.now()), seconds(20));
    assertTrue(again > at);
    List<JournalEntry> journal = journal();
    assertTrue(journal.get((int) at).valid());
    assertEquals(new Intent.Mark("m"), journal.get((int) at).record().intent());
    try (KafkaIntentSink sink = open(A, false)) {
      assertTrue(sink.epoch() > again, "a gateway starts right after it");
    }
  }

  @Test
  void aVerbSaysWhenTheGatewayDoesNotAnswer() throws Exception {
    var control = new KafkaControl(settings, "verb", CLOCK);
    try (KafkaIntentSink deaf = open(A, false)) {
      var request = ControlRequest.mark("m", Instant.now());
      var e =
          assertThrows(
              JournalException.class,
              () -> control.append(volume, request, Duration.ofMillis(1_500)));
      assertEquals(Code.NOT_AVAILABLE, e.code());
      assertTrue(e.getMessage().contains("/a.qcow2"), e.getMessage());
      assertFalse(deaf.lost().isDone());
    }
  }

  @Test
  void aGatewayThatStartsAndListensLateServesAVerbThatWaitsOnce() throws Exception {
    var control = new KafkaControl(settings, "verb", CLOCK);
    KafkaIntentSink deaf = open(A, false);
    var verb =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                var request = ControlRequest.mark("m", Instant.now());
                return control.append(volume, request, seconds(30));
              } catch (JournalException e) {
                throw new IllegalStateException(e);
              }
            });
    TimeUnit.MILLISECONDS.sleep(500);
    try (KafkaIntentSink next = open(A, false)) {
      TimeUnit.MILLISECONDS.sleep(300);
      try (var _ =
          KafkaControlListener.start(settings, volume, next::append, next.lost(), _ -> true)) {
        long at = verb.get(40, TimeUnit.SECONDS);
        assertEquals(next.epoch(), journal().get((int) at).record().epoch());
        var mark = new Intent.Mark("m");
        assertEquals(1, journal().stream().filter(e -> e.record().intent().equals(mark)).count());
      }
    } finally {
      deaf.close();
    }
  }
}
