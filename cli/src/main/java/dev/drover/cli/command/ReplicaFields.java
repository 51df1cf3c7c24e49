package dev.drover.cli.command;

import dev.drover.cli.terminal.Fields;
import dev.drover.journal.ReplicaStatus;
import java.util.UUID;

/** A replica's status as JSON says it. */
final class ReplicaFields {
  /** What {@code status --json} promises a replica. */
  static Fields of(ReplicaStatus status) {
    return Fields.of("volume", status.volume())
        .and("replica", status.replica())
        .and("image", status.image())
        .and("host", status.host())
        .and("state", status.state())
        .and("appliedOffset", status.appliedOffset())
        .and("logEndOffset", status.logEndOffset())
        .and("lagRecords", status.lagRecords())
        .and("lagBytes", status.lagBytes())
        .and("lagSeconds", status.lagSeconds())
        .and("reason", status.reason())
        .and("hint", status.hint())
        .and("lastSeen", status.lastSeen());
  }

  /** The same with what the registry keeps besides. */
  static Fields full(ReplicaStatus status) {
    return of(status)
        .and("incarnation", text(status.incarnation()))
        .and("clean", status.clean())
        .and("syncFailed", status.syncFailed())
        .and("pid", status.pid())
        .and("compensations", status.compensations());
  }

  private static String text(UUID uuid) {
    return uuid == null ? null : uuid.toString();
  }

  private ReplicaFields() {}
}
