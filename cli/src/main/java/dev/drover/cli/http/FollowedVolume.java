package dev.drover.cli.http;

import dev.drover.applier.Fault;
import dev.drover.applier.ReplicaReport;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.nbd.GatewayStats;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * One volume of a process, at one moment.
 *
 * @param volume its name
 * @param image where its image is, or is to be
 * @param replica what the replica does; empty until it is open, and while it cannot be opened
 * @param gateway what its gateway holds, if it is served
 * @param failure why it cannot be opened, or cannot go on
 */
public record FollowedVolume(
    String volume,
    Path image,
    Optional<ReplicaReport> replica,
    Optional<GatewayStats> gateway,
    Optional<CommandFailure> failure) {

  /** An idle engine still steps several times a second; a retry waits less than this. */
  static final Duration STUCK = Duration.ofSeconds(60);

  State state() {
    return failure.isPresent()
        ? State.FAULTED
        : replica.map(ReplicaReport::state).orElse(State.STARTING);
  }

  /** Why it is FAULTED, if it is. */
  Optional<String> reason() {
    Optional<String> ofReplica = replica.flatMap(ReplicaReport::fault).map(Fault::reason);
    return ofReplica.or(() -> failure.map(CommandFailure::getMessage));
  }

  Optional<String> hint() {
    Optional<String> ofReplica = replica.flatMap(ReplicaReport::fault).map(Fault::hint);
    return ofReplica.or(() -> failure.map(CommandFailure::hint));
  }

  /** Null when it makes progress, or has said why it does not. */
  String livenessTrouble(long nowNanos) {
    if (failure.isPresent() || replica.isEmpty()) {
      return null;
    }
    long silent = nowNanos - replica.get().lastProgressNanos();
    return silent > STUCK.toNanos()
        ? "no step completed for " + Duration.ofNanos(silent).toSeconds() + " s"
        : null;
  }

  /** Null when it may be relied on: it follows, however far behind; else why not. */
  String readinessTrouble() {
    State state = state();
    return switch (state) {
      case RUNNING -> null;
      case CATCHING_UP -> {
        ReplicaReport report = replica.orElseThrow();
        yield report.visibleOffset() < report.gateOffset()
            ? "CATCHING_UP: recovering up to offset " + report.gateOffset()
            : null;
      }
      case STARTING, STALLED, STOPPED -> state.name();
      case FAULTED -> {
        String why = reason().map(reason -> "FAULTED: " + reason).orElse("FAULTED");
        yield hint().filter(hint -> !hint.isEmpty()).map(hint -> why + "; " + hint).orElse(why);
      }
    };
  }
}
