package dev.drover.cli.http;

import dev.drover.applier.ReplicaReport;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.nbd.GatewayStats;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What the volumes of a process do, as Prometheus metrics, taken anew at each scrape. */
final class ReplicaMetrics {
  private static final String[] LABELS = {"volume", "replica"};

  private final Supplier<List<FollowedVolume>> volumes;

  ReplicaMetrics(Supplier<List<FollowedVolume>> volumes) {
    this.volumes = volumes;
  }

  void register(PrometheusRegistry to) {
    gauge(to, "applied_offset", "Next offset to apply, durable.", r -> r.appliedOffset());
    gauge(to, "visible_offset", "Everything below shows in reads.", r -> r.visibleOffset());
    gauge(to, "log_end_offset", "The journal's end when last seen.", r -> r.logEndOffset());
    gauge(to, "lag_records", "Journal records behind.", r -> r.lagRecords());
    gauge(to, "lag_bytes", "Payload bytes behind.", r -> r.lagBytes());
    gauge(to, "lag_seconds", "Age of the oldest unapplied record.", r -> r.lagSeconds());
    counter(to, "intents", "Intents applied since start.", r -> r.intents());
    counter(to, "payload_bytes", "Payload bytes applied since start.", r -> r.bytes());
    counter(to, "batches", "Batches committed since start.", r -> r.batches());
    counter(to, "compensations", "Compensations published.", r -> r.compensations());
    counter(to, "compensated_clusters", "Clusters given back.", r -> r.compensatedClusters());
    counter(to, "faults", "Failed tries.", r -> r.faults());
    counter(to, "recovered_clusters", "Refcounts lowered at start.", r -> r.recoveredClusters());
    states(to);
    ofGateway(to, "overlay_bytes", "Memory held by unapplied changes.", g -> g.overlayBytes());
    ofGateway(to, "overlay_entries", "Changes not yet in the image.", g -> g.overlayEntries());
    ofGateway(to, "waiting_requests", "Requests not yet appended.", g -> g.waiting());
    ofGateway(to, "unacknowledged", "Requests not yet acknowledged.", g -> g.unacknowledged());
  }

  private void gauge(
      PrometheusRegistry to, String name, String help, ToDoubleFunction<ReplicaReport> value) {
    GaugeWithCallback.builder()
        .name("drover_replica_" + name)
        .help(help)
        .labelNames(LABELS)
        .callback(
            gauge ->
                open(
                    report ->
                        gauge.call(value.applyAsDouble(report), report.volume(), report.replica())))
        .register(to);
  }

  private void counter(
      PrometheusRegistry to, String name, String help, ToDoubleFunction<ReplicaReport> value) {
    CounterWithCallback.builder()
        .name("drover_replica_" + name)
        .help(help)
        .labelNames(LABELS)
        .callback(
            counter ->
                open(
                    report ->
                        counter.call(
                            value.applyAsDouble(report), report.volume(), report.replica())))
        .register(to);
  }

  private void open(Consumer<ReplicaReport> each) {
    volumes.get().forEach(volume -> volume.replica().ifPresent(each));
  }

  /** Of every volume, those too that could not be opened: their replica's name is not known. */
  private void states(PrometheusRegistry to) {
    GaugeWithCallback.builder()
        .name("drover_replica_state")
        .help("1 for the state that the replica is in.")
        .labelNames("volume", "replica", "state")
        .callback(gauge -> volumes.get().forEach(volume -> states(gauge, volume)))
        .register(to);
  }

  private static void states(GaugeWithCallback.Callback gauge, FollowedVolume volume) {
    String replica = volume.replica().map(ReplicaReport::replica).orElse("");
    for (State state : State.values()) {
      gauge.call(state == volume.state() ? 1 : 0, volume.volume(), replica, state.name());
    }
  }

  private void ofGateway(
      PrometheusRegistry to, String name, String help, ToDoubleFunction<GatewayStats> value) {
    GaugeWithCallback.builder()
        .name("drover_gateway_" + name)
        .help(help)
        .labelNames("volume")
        .callback(
            gauge ->
                volumes
                    .get()
                    .forEach(
                        volume ->
                            volume
                                .gateway()
                                .ifPresent(
                                    stats ->
                                        gauge.call(value.applyAsDouble(stats), volume.volume()))))
        .register(to);
  }
}
