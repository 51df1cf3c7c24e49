package dev.drover.journal.kafka;

import dev.drover.journal.EpochWriter;
import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterLog;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The writer of one volume on Kafka: an {@link EpochWriter} on a thread of its own. That thread
 * completes the futures; the producer's thread only queues what it learns.
 */
public final class KafkaIntentSink implements IntentSink {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaIntentSink.class);
  private static final Duration STEP = Duration.ofMillis(100);

  /** After a failure: how long to try for a new epoch, at most. */
  private static final Duration SECOND_CHANCE = Duration.ofSeconds(30);

  /** Within the 30 s that a stopping gateway has. */
  private static final Duration GOODBYE = Duration.ofSeconds(15);

  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final EpochWriter writer;
  private final Thread thread;
  private final AtomicBoolean closed = new AtomicBoolean();

  private KafkaIntentSink(EpochWriter writer, String name) {
    this.writer = writer;
    this.thread = Thread.ofPlatform().name("drover-writer-" + name).daemon().unstarted(this::run);
  }

  /**
   * Takes the next epoch of the volume and is its writer from then on. The caller serves nothing
   * until its image holds everything below {@link #epoch}.
   *
   * @param volume a volume whose topics were checked
   * @param me who the EPOCH record names
   * @param takeOver supersede a live writer of another image
   * @throws JournalException WRITER_ALIVE when another image's writer was heard of within {@link
   *     dev.drover.journal.WriterState#ALIVE} and {@code takeOver} is not set; FENCED when another
   *     one took a later epoch at the same moment
   */
  public static KafkaIntentSink open(
      KafkaSettings settings,
      VolumeDescriptor volume,
      WriterIdentity me,
      boolean takeOver,
      Clock clock)
      throws JournalException {
    return open(settings, volume, me, takeOver, JournalRecord.NONE, clock);
  }

  /** As above, by a caller that has found the writer of the epoch {@code gone} to be gone. */
  static KafkaIntentSink open(
      KafkaSettings settings,
      VolumeDescriptor volume,
      WriterIdentity me,
      boolean takeOver,
      long gone,
      Clock clock)
      throws JournalException {
    WriterLog log = new KafkaWriterLog(settings, volume);
    return open(log, settings, volume, me, takeOver, gone, clock);
  }

  /** As above, on a log that may fail as its brokers hardly ever do. */
  static KafkaIntentSink open(
      WriterLog log,
      KafkaSettings settings,
      VolumeDescriptor volume,
      WriterIdentity me,
      boolean takeOver,
      long gone,
      Clock clock)
      throws JournalException {
    Duration timeout = settings.journalTimeout();
    EpochWriter writer =
        new EpochWriter(
            log,
            new EpochWriter.Options(
                volume.topic(),
                volume.uuid(),
                me.host(),
                me.imageIncarnation(),
                me.image(),
                takeOver,
                gone,
                timeout.compareTo(SECOND_CHANCE) < 0 ? timeout : SECOND_CHANCE,
                me.lease()),
            clock,
            System::nanoTime,
            UUID::randomUUID);
    KafkaIntentSink sink = new KafkaIntentSink(writer, volume.name());
    sink.thread.start();
    try {
      writer.ready().get();
      return sink;
    } catch (ExecutionException e) {
      sink.close();
      throw e.getCause() instanceof JournalException j
          ? j
          : KafkaFaults.translate(settings, "take an epoch", e.getCause());
    } catch (InterruptedException e) {
      sink.close();
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted("take an epoch of volume " + volume.name());
    }
  }

  @Override
  public long epoch() {
    return writer.epoch();
  }

  @Override
  public CompletableFuture<Long> append(Intent intent) {
    return writer.append(intent);
  }

  @Override
  public CompletableFuture<Void> sole() {
    return writer.sole();
  }

  @Override
  public CompletableFuture<JournalException> lost() {
    return writer.lost();
  }

  private void run() {
    try {
      while (!closed.get() && !writer.isEnded()) {
        writer.step(STEP);
      }
    } catch (InterruptedException e) {
      // close() has lost its patience.
    } catch (RuntimeException | Error e) {
      LOG.error("the journal's writer failed", e);
      writer.fail(e);
    } finally {
      // The consumer's goodbye must not be cut short by the interrupt that ended the loop.
      Thread.interrupted();
      writer.close();
    }
  }

  @Override
  public void close() {
    CompletableFuture<Long> goodbye = writer.sayGoodbye();
    try {
      goodbye.get(GOODBYE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // Fenced, lost, or closed before: there is no one to say goodbye to, and lost() has told why.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closed.set(true);
    try {
      if (!thread.join(PATIENCE)) {
        // In a read that no broker answers.
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
