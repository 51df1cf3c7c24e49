package dev.drover.cli.fleet;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.journal.JournalException;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import java.time.Duration;
import java.util.List;

/**
 * Speaks in the registry for replicas that this process was told to follow and cannot open: else a
 * status asked for elsewhere could only say that nothing was heard of them. What is registered of
 * the image itself stays as it was.
 */
final class UnopenedReplicas {
  /** Three times before a reader takes the silence for a stop. */
  private static final Duration EVERY = Duration.ofSeconds(10);

  private final Registry registry;
  private final String hostId;
  private long saidNanos;
  private boolean spoke;

  UnopenedReplicas(Registry registry, String hostId) {
    this.registry = registry;
    this.hostId = hostId;
  }

  /** To be called often; does something now and then, and nothing when brokers are away. */
  void tell(List<FleetMember> members, long nowNanos) {
    if (spoke && nowNanos - saidNanos < EVERY.toNanos()) {
      return;
    }
    spoke = true;
    saidNanos = nowNanos;
    for (FleetMember member : members) {
      if (member.failure().isPresent() && !member.speaksForItself()) {
        try {
          tell(member.target(), member.failure().get());
        } catch (JournalException e) {
          return; // it is said again soon; whoever can't reach the registry can't be told either
        }
      }
    }
  }

  private void tell(Target target, CommandFailure why) throws JournalException {
    for (ReplicaStatus known : registry.replicas(target.volume())) {
      boolean same =
          known.image().equals(target.image().toString()) && hostId.equals(known.hostId());
      if (same && !known.isAlive(registry.now())) {
        registry.put(known.unopened(why.getMessage(), why.hint()));
      }
    }
  }
}
