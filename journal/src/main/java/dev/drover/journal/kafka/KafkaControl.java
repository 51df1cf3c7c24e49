package dev.drover.journal.kafka;

import dev.drover.journal.ControlRequest;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.LogTail;
import dev.drover.journal.LogView;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import dev.drover.journal.WriterWatch;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/**
 * Gets one intent of a verb (snapshot, mark, resize) into the journal: through the live gateway if
 * there is one, which orders it after every write that it has answered, else with an epoch of its
 * own that is closed right after. The answer is the journal itself: the verb reads what comes and
 * returns when its intent is there and counts.
 */
public final class KafkaControl {
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final String STOP_IT =
      "stop it first: it would go on from what it has answered its guest";
  private static final Duration ALONE = Duration.ofSeconds(30);
  private static final Duration ASK_AGAIN = Duration.ofSeconds(2);

  private final KafkaSettings settings;
  private final String host;
  private final Clock clock;

  /**
   * Connects nowhere yet.
   *
   * @param host the name of this host, for the EPOCH record
   */
  public KafkaControl(KafkaSettings settings, String host, Clock clock) {
    this.settings = settings;
    this.host = host;
    this.clock = clock;
  }

  /**
   * Returns the offset at which the intent is in the journal, counting.
   *
   * @param patience how long to wait for the live gateway to append it
   * @throws JournalException NOT_AVAILABLE when the gateway did not in time: it may still do so
   */
  public long append(VolumeDescriptor volume, ControlRequest request, Duration patience)
      throws JournalException {
    long deadline = System.nanoTime() + patience.toNanos();
    try (LogView log = new KafkaLogView(settings, volume.topic(), volume.uuid())) {
      long end = log.endOffset();
      List<LogView.Seen> found = new ArrayList<>();
      boolean asked = false;
      long askedAt = 0;
      WriterWatch watch = new WriterWatch();
      LogTail tail = null;
      while (true) {
        long from = end;
        end = log.endOffset();
        for (LogView.Seen seen : log.read(from, end)) {
          if (seen.record().intent().equals(request.intent())) {
            found.add(seen);
          }
        }
        for (LogView.Seen seen : found) {
          if (LogTail.counts(seen, end, log)) {
            return seen.offset();
          }
        }
        if (tail == null || end != tail.endOffset()) {
          tail = LogTail.below(end, log);
        }
        WriterWatch.Verdict writer = watch.judge(tail, clock.instant(), System.nanoTime());
        if (writer == WriterWatch.Verdict.GONE) {
          OptionalLong appended = appendAlone(volume, request.intent(), 0, tail.writer(), patience);
          if (appended.isPresent()) {
            return appended.getAsLong();
          }
        } else if (!asked || System.nanoTime() - askedAt >= ASK_AGAIN.toNanos()) {
          // A gateway hears what is asked after it has begun to listen, which may be just now; what
          // it has heard twice it journals once.
          ask(volume, request);
          asked = true;
          askedAt = System.nanoTime();
        }
        if (System.nanoTime() - deadline >= 0) {
          throw unanswered(volume, request, patience, tail.writer());
        }
        pause();
      }
    }
  }

  private void ask(VolumeDescriptor volume, ControlRequest request) throws JournalException {
    String topic = settings.topics().control(volume.name());
    String doing = "ask the gateway of volume " + volume.name();
    try (var producer =
        new KafkaProducer<byte[], byte[]>(settings.producer(KafkaSettings.REACHABLE))) {
      producer.send(new ProducerRecord<>(topic, 0, null, JournalJson.write(request))).get();
    } catch (ExecutionException | KafkaException e) {
      throw KafkaFaults.translate(settings, doing, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted(doing);
    }
  }

  /**
   * Appends an intent that must not come between what a gateway has answered and what it will
   * answer: a revert, a shrink. Takes an epoch for it, once the last writer is known to be gone.
   *
   * @param asOf the history that the caller has decided by
   * @return its offset; empty when something else has been appended since: read the history again
   * @throws JournalException WRITER_ALIVE while a gateway serves the volume
   */
  public OptionalLong appendUnserved(VolumeDescriptor volume, Intent intent, JournalHistory asOf)
      throws JournalException {
    try (LogView log = new KafkaLogView(settings, volume.topic(), volume.uuid())) {
      WriterWatch watch = new WriterWatch();
      while (true) {
        LogTail tail = LogTail.below(log.endOffset(), log);
        switch (watch.judge(tail, clock.instant(), System.nanoTime())) {
          case ALIVE -> throw KafkaFaults.writerAlive(volume, tail.writer()).withHint(STOP_IT);
          case GONE -> {
            long from = asOf.position().nextOffset();
            return appendAlone(volume, intent, from, tail.writer(), ALONE);
          }
          case UNDECIDED -> pause();
        }
      }
    }
  }

  /**
   * Appends with an epoch of its own. Empty when a gateway came in between: whether the intent is
   * there is read from the journal.
   *
   * @param from nothing but epochs and heartbeats may lie between this offset and that epoch; 0:
   *     whatever there is
   * @param patience how long the brokers may take for a record; the verb's caller waits
   */
  private OptionalLong appendAlone(
      VolumeDescriptor volume, Intent intent, long from, WriterState gone, Duration patience)
      throws JournalException {
    long goneEpoch = gone == null ? JournalRecord.NONE : gone.epoch();
    WriterIdentity me = new WriterIdentity(host, Intent.Epoch.NO_IMAGE, "");
    String doing = "append to the journal of volume " + volume.name();
    try (KafkaIntentSink sink =
        KafkaIntentSink.open(
            settings.withJournalTimeout(patience), volume, me, false, goneEpoch, clock)) {
      if (from > 0 && !isQuiet(volume, from, sink.epoch())) {
        return OptionalLong.empty();
      }
      return OptionalLong.of(sink.append(intent).get());
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof JournalException j)) {
        throw KafkaFaults.translate(settings, doing, e);
      }
      if (j.code() != Code.FENCED) {
        throw j;
      }
      return OptionalLong.empty();
    } catch (JournalException e) {
      if (e.code() != Code.FENCED && e.code() != Code.WRITER_ALIVE) {
        throw e;
      }
      return OptionalLong.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted(doing);
    }
  }

  private boolean isQuiet(VolumeDescriptor volume, long from, long epoch) throws JournalException {
    try (LogView log = new KafkaLogView(settings, volume.topic(), volume.uuid())) {
      return log.read(from, epoch).stream()
          .map(seen -> seen.record().intent())
          .allMatch(intent -> intent instanceof Intent.Epoch || intent instanceof Intent.Heartbeat);
    }
  }

  private static JournalException unanswered(
      VolumeDescriptor volume, ControlRequest request, Duration patience, WriterState writer) {
    String who =
        writer == null
            ? "a gateway that came and went"
            : "the gateway on %s (image %s)".formatted(writer.host(), writer.image());
    return new JournalException(
            Code.NOT_AVAILABLE,
            "volume %s: %s did not journal the %s within %d s"
                .formatted(volume.name(), who, request.kind(), patience.toSeconds()))
        .withHint("it may still do so; look at 'drover journal dump' before asking again");
  }

  private static void pause() throws JournalException {
    try {
      TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted("wait for the gateway");
    }
  }
}
