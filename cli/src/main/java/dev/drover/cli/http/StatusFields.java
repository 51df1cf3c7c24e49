package dev.drover.cli.http;

import dev.drover.applier.ReplicaReport;
import dev.drover.cli.terminal.Fields;
import dev.drover.nbd.GatewayStats;

/** A volume as {@code /status} says it: the fields of {@code drover status}, and more. */
final class StatusFields {
  static Fields of(FollowedVolume volume) {
    Fields fields = volume.replica().map(StatusFields::ofReplica).orElseGet(() -> unopened(volume));
    fields
        .and("state", volume.state())
        .and("reason", volume.reason().orElse(null))
        .and("hint", volume.hint().orElse(null));
    volume.gateway().ifPresent(stats -> fields.and("gateway", ofGateway(stats)));
    return fields;
  }

  private static Fields unopened(FollowedVolume volume) {
    return Fields.of("volume", volume.volume()).and("image", volume.image().toString());
  }

  private static Fields ofReplica(ReplicaReport report) {
    return Fields.of("volume", report.volume())
        .and("replica", report.replica())
        .and("image", report.image().toString())
        .and("incarnation", report.incarnation().toString())
        .and("state", report.state())
        .and("appliedOffset", report.appliedOffset())
        .and("logEndOffset", report.logEndOffset())
        .and("lagRecords", report.lagRecords())
        .and("lagBytes", report.lagBytes())
        .and("lagSeconds", report.lagSeconds())
        .and("reason", null)
        .and("hint", null)
        .and("visibleOffset", report.visibleOffset())
        .and("gateOffset", report.gateOffset())
        .and("intents", report.intents())
        .and("bytes", report.bytes())
        .and("batches", report.batches())
        .and("compensations", report.compensations())
        .and("compensatedClusters", report.compensatedClusters())
        .and("faults", report.faults())
        .and("recoveredClusters", report.recoveredClusters());
  }

  private static Object ofGateway(GatewayStats stats) {
    return Fields.of("overlayBytes", stats.overlayBytes())
        .and("overlayEntries", stats.overlayEntries())
        .and("waiting", stats.waiting())
        .and("unacknowledged", stats.unacknowledged())
        .map();
  }

  private StatusFields() {}
}
