package dev.drover.cli.replica;

import dev.drover.applier.ApplierException;
import dev.drover.applier.LocalHost;
import dev.drover.applier.Replica;
import dev.drover.cli.fleet.Seat;
import dev.drover.cli.fleet.Work;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import dev.drover.journal.kafka.CheckedVolume;
import dev.drover.journal.kafka.KafkaControlListener;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.nbd.Gateway;
import dev.drover.nbd.GatewayOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A gateway with its own replica. The order is the promise: the image is locked and open, the epoch
 * is taken, everything below it shows in the image, and only then does anybody hear that the volume
 * is served.
 */
final class ServeVolume implements Work {
  private static final Duration WAIT = Duration.ofMillis(200);
  private static final Duration CATCH_UP = Duration.ofSeconds(3);
  private static final Duration CLOSE_STEP = Duration.ofSeconds(6);

  private final Session session;
  private final Cluster cluster;
  private final ServeRequest request;
  private final Doors doors;
  private final RunOutput output;

  ServeVolume(
      Session session, Cluster cluster, ServeRequest request, Doors doors, RunOutput output) {
    this.session = session;
    this.cluster = cluster;
    this.request = request;
    this.doors = doors;
    this.output = output;
  }

  @Override
  public int run(StopSignals stop, Seat seat) throws Exception {
    CheckedVolume checked = Wiring.open(session, cluster, request.replica().volume());
    VolumeDescriptor volume = checked.descriptor();
    requireNoOtherWriter(volume);
    Replica replica =
        Replica.start(
            volume,
            request.replica().options(),
            Wiring.following(session, cluster, volume, request.replica().memory()));
    try (TopicWatch topics = TopicWatch.start(session, cluster, checked)) {
      seat.opened(replica::report);
      return serve(volume, replica, topics, stop, seat);
    } finally {
      seat.leave(replica);
    }
  }

  /**
   * The sink decides this again when it takes the epoch; but by then an image would have been made
   * and registered for nothing.
   */
  private void requireNoOtherWriter(VolumeDescriptor volume) throws IOException {
    Optional<WriterState> writer = cluster.volumes().writer(volume);
    if (request.takeOver() || writer.isEmpty() || !writer.get().isAlive(cluster.registry().now())) {
      return;
    }
    WriterState other = writer.get();
    Path image = request.replica().image();
    boolean sameImage =
        Files.exists(image) && Wiring.incarnation(image).equals(other.incarnation());
    if (!sameImage) {
      throw new JournalException(
          JournalException.Code.WRITER_ALIVE,
          "volume %s is served by %s (image %s, epoch %d), last heard of at %s"
              .formatted(
                  volume.name(), other.host(), other.image(), other.epoch(), other.lastSeen()));
    }
  }

  private int serve(
      VolumeDescriptor volume, Replica replica, TopicWatch topics, StopSignals stop, Seat seat)
      throws Exception {
    KafkaSettings settings = cluster.settings().withJournalTimeout(request.journalTimeout());
    WriterIdentity me =
        new WriterIdentity(
            LocalHost.detect().name(),
            replica.report().incarnation(),
            replica.report().image().toString(),
            request.readLease());
    IntentSink sink =
        KafkaIntentSink.open(settings, volume, me, request.takeOver(), cluster.clock());
    AtomicReference<Gateway> gateway = new AtomicReference<>();
    // From the epoch on a verb turns to this gateway, so it is heard from here on.
    try (KafkaControlListener _ =
        KafkaControlListener.start(
            settings,
            volume,
            intent -> ordered(gateway.get(), sink, intent),
            sink.lost(),
            new ServedSize(() -> shownSize(gateway.get())))) {
      long epoch = sink.epoch();
      if (!awaitEpoch(replica, sink, epoch, stop)) {
        return 0;
      }
      GatewayOptions limits = new GatewayOptions(request.overlayBytes(), request.cache());
      gateway.set(new Gateway(volume.name(), sink, epoch, new ReplicaView(replica), limits));
      return offer(gateway.get(), replica, sink, topics, stop, seat);
    } finally {
      if (gateway.get() != null) {
        within(CLOSE_STEP, gateway.get()::close);
      }
      within(CLOSE_STEP, sink::close);
    }
  }

  /** What a verb asks for comes after everything that the gateway has answered. */
  private static CompletableFuture<Long> ordered(Gateway gateway, IntentSink sink, Intent intent) {
    return gateway == null ? sink.append(intent) : gateway.appendOrdered(intent);
  }

  private static long shownSize(Gateway gateway) {
    return gateway == null ? ServedSize.UNKNOWN : gateway.sizeBytes();
  }

  /** Applies everything that earlier gateways may have answered; false when asked to stop. */
  private boolean awaitEpoch(Replica replica, IntentSink sink, long epoch, StopSignals stop)
      throws Exception {
    output.started(replica.report());
    while (!replica.awaitVisible(epoch + 1, WAIT)) {
      if (stop.requested()) {
        return false;
      }
      if (sink.lost().isDone()) {
        throw sink.lost().join();
      }
      output.progress(replica.report());
    }
    return true;
  }

  private int offer(
      Gateway gateway,
      Replica replica,
      IntentSink sink,
      TopicWatch topics,
      StopSignals stop,
      Seat seat)
      throws Exception {
    try {
      seat.serving(gateway::stats);
      doors.offer(gateway, sink.epoch());
      awaitEnd(replica, sink, topics, stop);
      return 0;
    } finally {
      doors.withdraw(gateway.name());
      // Nobody reads any more: the image settles while the journal is said goodbye to.
      Thread.ofPlatform()
          .daemon()
          .name("closing-replica")
          .start(() -> settle(gateway, replica, lost(sink, topics)));
    }
  }

  /** Why it must not go on; null when it may. */
  private static JournalException lost(IntentSink sink, TopicWatch topics) {
    return sink.lost().getNow(topics.trouble().getNow(null));
  }

  /** One that is FAULTED has nothing to settle, and may have more to say. */
  private static void settle(Gateway gateway, Replica replica, JournalException lost) {
    if (lost != null) {
      replica.close(lost.getMessage(), lost.hint());
    } else if (!replica.done().isCompletedExceptionally()) {
      catchUp(gateway, replica);
      replica.close();
    }
  }

  /** What was answered is in the journal; if a moment does it, the image has it too. */
  private static void catchUp(Gateway gateway, Replica replica) {
    long until = System.nanoTime() + CATCH_UP.toNanos();
    try {
      while (gateway.stats().overlayEntries() > 0 && System.nanoTime() < until) {
        replica.awaitVisible(replica.report().appliedOffset() + 1, WAIT);
      }
    } catch (ApplierException e) {
      // It has ended, and says why by itself.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns when asked to stop; throws when the journal or the image is lost. */
  private static void awaitEnd(
      Replica replica, IntentSink sink, TopicWatch topics, StopSignals stop) throws Exception {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    stop.onFirst(() -> asked.complete(null));
    CompletableFuture<?> ended = replica.done();
    try {
      CompletableFuture.anyOf(asked, sink.lost(), topics.trouble(), ended).get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ApplierException fault ? fault : e;
    }
    if (!asked.isDone()) {
      JournalException lost = lost(sink, topics);
      if (lost != null) {
        throw lost;
      }
      throw new IOException("the replica has ended by itself");
    }
  }

  /** A step of the way down may not use up the time of the ones behind it. */
  private static void within(Duration limit, Runnable step) throws InterruptedException {
    Thread.ofPlatform().daemon().name("closing").start(step).join(limit);
  }
}
