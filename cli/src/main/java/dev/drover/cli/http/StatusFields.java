package dev.drover.cli.http;

import dev.drover.applier.Fault;
import dev.drover.applier.ReplicaReport;
import dev.drover.cli.terminal.Fields;
import dev.drover.nbd.GatewayStats;
import java.util.function.Supplier;

/** A replica's report as {@code /status} says it: the fields of {@code drover status}, and more. */
final class StatusFields {
  static Fields of(ReplicaReport report, Supplier<GatewayStats> gateway) {
    Fields fields =
        Fields.of("volume", report.volume())
            .and("replica", report.replica())
            .and("image", report.image().toString())
            .and("incarnation", report.incarnation().toString())
            .and("state", report.state())
            .and("appliedOffset", report.appliedOffset())
            .and("logEndOffset", report.logEndOffset())
            .and("lagRecords", report.lagRecords())
            .and("lagBytes", report.lagBytes())
            .and("lagSeconds", report.lagSeconds())
            .and("reason", report.fault().map(Fault::reason).orElse(null))
            .and("hint", report.fault().map(Fault::hint).orElse(null))
            .and("visibleOffset", report.visibleOffset())
            .and("gateOffset", report.gateOffset())
            .and("intents", report.intents())
            .and("bytes", report.bytes())
            .and("batches", report.batches())
            .and("compensations", report.compensations())
            .and("compensatedClusters", report.compensatedClusters())
            .and("faults", report.faults())
            .and("recoveredClusters", report.recoveredClusters());
    if (gateway != null) {
      GatewayStats stats = gateway.get();
      fields.and(
          "gateway",
          Fields.of("overlayBytes", stats.overlayBytes())
              .and("overlayEntries", stats.overlayEntries())
              .and("waiting", stats.waiting())
              .and("unacknowledged", stats.unacknowledged())
              .map());
    }
    return fields;
  }

  private StatusFields() {}
}
