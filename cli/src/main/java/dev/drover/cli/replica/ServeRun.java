package dev.drover.cli.replica;

import dev.drover.applier.ApplierException;
import dev.drover.applier.LocalHost;
import dev.drover.applier.Replica;
import dev.drover.cli.http.StatusServer;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import dev.drover.journal.kafka.KafkaControlListener;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.nbd.Gateway;
import dev.drover.nbd.GatewayOptions;
import dev.drover.nbd.server.NbdServer;
import dev.drover.nbd.server.NbdServerOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A gateway with its own replica in one process. The order is the promise: the image is locked and
 * open, the epoch is taken, everything below it shows in the image, and only then does anybody hear
 * that the volume is served.
 */
public final class ServeRun {
  private static final Duration WAIT = Duration.ofMillis(200);
  private static final Duration LAST_REPLIES = Duration.ofSeconds(3);
  private static final Duration CLOSE_STEP = Duration.ofSeconds(6);

  private final Session session;
  private final ServeRequest request;

  public ServeRun(Session session, ServeRequest request) {
    this.session = session;
    this.request = request;
  }

  /** Runs until stopped; the exit code. */
  public int run() throws Exception {
    StopSignals signals = session.stopSignals();
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume = Wiring.open(session, cluster, request.replica().volume());
      requireListenable();
      requireNoOtherWriter(cluster, volume);
      Replica replica =
          Replica.start(
              volume,
              request.replica().options(),
              Wiring.following(session, cluster, volume, request.replica().memory()));
      try {
        return serve(cluster, volume, replica, signals);
      } finally {
        replica.close();
      }
    }
  }

  /** Asked before anything is made or taken; somebody may still be faster. */
  private void requireListenable() throws IOException {
    if (request.listen().isEmpty() || request.listen().get().getPort() == 0) {
      return;
    }
    InetSocketAddress address = request.listen().get();
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(address);
    } catch (IOException e) {
      throw CommandFailure.failed(
          "CANNOT_LISTEN",
          "cannot listen on %s:%d: %s"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          "give another --listen, or port 0");
    }
  }

  /**
   * The sink decides this again when it takes the epoch; but by then an image would have been made
   * and registered for nothing.
   */
  private void requireNoOtherWriter(Cluster cluster, VolumeDescriptor volume) throws IOException {
    Optional<WriterState> writer = cluster.volumes().writer(volume);
    if (request.takeOver()
        || writer.isEmpty()
        || !writer.get().isAlive(cluster.clock().instant())) {
      return;
    }
    WriterState other = writer.get();
    boolean sameImage =
        Files.exists(request.replica().image())
            && Wiring.incarnation(request.replica().image()).equals(other.incarnation());
    if (!sameImage) {
      throw new JournalException(
          JournalException.Code.WRITER_ALIVE,
          "volume %s is served by %s (image %s, epoch %d), last heard of at %s"
              .formatted(
                  volume.name(), other.host(), other.image(), other.epoch(), other.lastSeen()));
    }
  }

  private int serve(Cluster cluster, VolumeDescriptor volume, Replica replica, StopSignals signals)
      throws Exception {
    KafkaSettings settings = cluster.settings().withJournalTimeout(request.journalTimeout());
    WriterIdentity me =
        new WriterIdentity(
            LocalHost.detect().name(),
            replica.report().incarnation(),
            replica.report().image().toString());
    IntentSink sink =
        KafkaIntentSink.open(settings, volume, me, request.takeOver(), cluster.clock());
    try {
      if (!awaitEpoch(replica, sink, signals)) {
        return 0;
      }
      GatewayOptions limits = new GatewayOptions(request.overlayBytes(), request.cache());
      Gateway gateway = new Gateway(volume.name(), sink, new ReplicaView(replica), limits);
      try (KafkaControlListener _ =
          KafkaControlListener.start(settings, volume, sink, new ServedSize(replica.sizeBytes()))) {
        return listen(gateway, replica, sink, signals);
      } finally {
        within(CLOSE_STEP, gateway::close);
      }
    } finally {
      within(CLOSE_STEP, sink::close);
    }
  }

  /** Applies everything that earlier gateways may have answered; false when asked to stop. */
  private boolean awaitEpoch(Replica replica, IntentSink sink, StopSignals signals)
      throws Exception {
    RunOutput output = new RunOutput(session.console(), "serve");
    output.started(replica.report());
    while (!replica.awaitVisible(sink.epoch() + 1, WAIT)) {
      if (signals.requested()) {
        return false;
      }
      if (sink.lost().isDone()) {
        throw sink.lost().join();
      }
      output.progress(replica.report());
    }
    return true;
  }

  private int listen(Gateway gateway, Replica replica, IntentSink sink, StopSignals signals)
      throws Exception {
    NbdServer server = new NbdServer(List.of(gateway), NbdServerOptions.DEFAULT);
    StatusServer http = null;
    try {
      if (request.replica().http().isPresent()) {
        http =
            StatusServer.ofOne(
                request.replica().http().get(),
                () ->
                    dev.drover.cli.http.FollowedVolume.alone(
                        replica.report(), java.util.Optional.of(gateway.stats())));
        session.console().remark("health and metrics on " + http.uri());
      }
      if (request.listen().isPresent()) {
        InetSocketAddress bound = server.listen(request.listen().get());
        ready(NbdServer.uri(bound, gateway.name()), sink.epoch());
      }
      if (request.socket().isPresent()) {
        server.listen(request.socket().get());
        ready(NbdServer.uri(request.socket().get(), gateway.name()), sink.epoch());
      }
      awaitEnd(replica, sink, signals);
      return 0;
    } finally {
      server.close(LAST_REPLIES);
      // Nobody reads any more: the image settles while the journal is said goodbye to.
      Thread.ofPlatform().daemon().name("closing-replica").start(replica::close);
      if (http != null) {
        http.close();
      }
    }
  }

  private void ready(URI uri, long epoch) {
    if (session.console().json()) {
      session
          .console()
          .object(Fields.of("type", "ready").and("uri", uri.toString()).and("epoch", epoch));
    } else {
      session.console().line("ready " + uri);
    }
  }

  /** Returns when asked to stop; throws when the journal or the image is lost. */
  private static void awaitEnd(Replica replica, IntentSink sink, StopSignals signals)
      throws Exception {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    signals.onFirst(() -> asked.complete(null));
    CompletableFuture<JournalException> lost = sink.lost();
    CompletableFuture<?> ended = replica.done();
    try {
      CompletableFuture.anyOf(asked, lost, ended).get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ApplierException fault ? fault : e;
    }
    if (!asked.isDone() && lost.isDone()) {
      throw lost.join();
    }
    if (!asked.isDone()) {
      throw new IOException("the replica has ended by itself");
    }
  }

  /** A step of the way down may not use up the time of the ones behind it. */
  private static void within(Duration limit, Runnable step) throws InterruptedException {
    Thread.ofPlatform().daemon().name("closing").start(step).join(limit);
  }
}
