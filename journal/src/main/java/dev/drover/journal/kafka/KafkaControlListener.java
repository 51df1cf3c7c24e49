package dev.drover.journal.kafka;

import dev.drover.journal.ControlRequest;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The live gateway's ear: appends what verbs ask for on the control topic to the gateway's journal,
 * on a thread of its own. It hears what is asked from its start on; a verb that waits asks again
 * and again, so nothing is missed, and a request is journaled once however often it is heard. Ends
 * when closed or when the journal is lost.
 */
public final class KafkaControlListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaControlListener.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final int REMEMBERED = 1000;

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final TopicPartition partition;
  private final Function<Intent, CompletableFuture<Long>> journal;
  private final CompletableFuture<JournalException> lost;
  private final Predicate<Intent> guard;
  private final Thread thread;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Map<UUID, Boolean> served = new LinkedHashMap<>();

  private KafkaControlListener(
      KafkaConsumer<byte[], byte[]> consumer,
      String volume,
      TopicPartition at,
      Function<Intent, CompletableFuture<Long>> journal,
      CompletableFuture<JournalException> lost,
      Predicate<Intent> guard) {
    this.consumer = consumer;
    this.partition = at;
    this.journal = journal;
    this.lost = lost;
    this.guard = guard;
    this.thread =
        Thread.ofPlatform().name("drover-control-" + volume).daemon().unstarted(this::run);
  }

  /**
   * Begins to listen; returns when every later request will be heard.
   *
   * @param journal appends an intent in its order among the gateway's own; fails when it can't
   * @param lost completes when nothing can be appended any more: then it ends
   * @param guard false for an intent that must not be journaled now, whoever asks for it; called in
   *     the order of the journal, again for a request that is repeated
   */
  public static KafkaControlListener start(
      KafkaSettings settings,
      VolumeDescriptor volume,
      Function<Intent, CompletableFuture<Long>> journal,
      CompletableFuture<JournalException> lost,
      Predicate<Intent> guard)
      throws JournalException {
    TopicPartition control = new TopicPartition(settings.topics().control(volume.name()), 0);
    KafkaConsumer<byte[], byte[]> consumer = null;
    try {
      consumer = new KafkaConsumer<>(settings.consumer());
      consumer.assign(List.of(control));
      consumer.seekToEnd(List.of(control));
      // seekToEnd is lazy: only this fixes the place.
      consumer.position(control);
    } catch (KafkaException e) {
      if (consumer != null) {
        KafkaFaults.closeQuietly(consumer);
      }
      throw KafkaFaults.translate(settings, "listen to " + control.topic(), e);
    }
    KafkaControlListener listener =
        new KafkaControlListener(consumer, volume.name(), control, journal, lost, guard);
    listener.thread.start();
    return listener;
  }

  private void run() {
    try {
      while (!closed.get() && !lost.isDone()) {
        try {
          consumer.poll(POLL).forEach(this::serve);
        } catch (WakeupException e) {
          // close() asked for it.
        } catch (OffsetOutOfRangeException e) {
          // What was cut off was older than a day: nobody waits for it.
          consumer.seekToBeginning(List.of(partition));
        } catch (KafkaException e) {
          LOG.warn("could not read {}: {}", partition.topic(), KafkaFaults.firstLine(e));
          Thread.sleep(PAUSE);
        }
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread but a process that ends.
    } finally {
      KafkaFaults.closeQuietly(consumer);
    }
  }

  private void serve(ConsumerRecord<byte[], byte[]> record) {
    ControlRequest request;
    try {
      request = JournalJson.read(record.value(), ControlRequest.class);
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn(
          "{}, offset {}: not a request: {}",
          partition.topic(),
          record.offset(),
          KafkaFaults.firstLine(e));
      return;
    }
    if (served.containsKey(request.requestId())) {
      return;
    }
    if (!guard.test(request.intent())) {
      LOG.warn("not journaling {} as asked: not now", request.intent());
      return; // not remembered: the verb asks again, and the answer may be another one then
    }
    served.put(request.requestId(), true);
    if (served.size() > REMEMBERED) {
      served.remove(served.keySet().iterator().next());
    }
    // The verb finds the record in the journal; one that is lost tells its owner by itself.
    journal.apply(request.intent());
    LOG.info("journaling {} {} as asked", request.kind(), request.name());
  }

  @Override
  public void close() {
    closed.set(true);
    consumer.wakeup();
    try {
      thread.join(PAUSE.multipliedBy(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
