package dev.drover.cli.fleet;

import dev.drover.applier.LocalHost;
import dev.drover.applier.ReplicaNames;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.journal.JournalException;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Speaks in the registry for replicas that this process was told to follow and cannot open: else a
 * status asked for elsewhere could only say that nothing was heard of them. What is registered of
 * the image itself stays as it was; of one that waits for the room to be made there is only that.
 *
 * <p>For one thread.
 */
public final class UnopenedReplicas {
  /** Three times before a reader takes the silence for a stop. */
  private static final Duration EVERY = Duration.ofSeconds(10);

  private final Registry registry;
  private final LocalHost host;
  private final Map<Target, String> unmade = new HashMap<>();
  private long saidNanos;
  private boolean spoke;

  /**
   * @param host this machine
   */
  public UnopenedReplicas(Registry registry, LocalHost host) {
    this.registry = registry;
    this.host = host;
  }

  /** To be called often; does something now and then, and nothing when brokers are away. */
  void tell(List<FleetMember> members, long nowNanos) {
    if (!isDue(nowNanos)) {
      return;
    }
    for (FleetMember member : members) {
      if (member.failure().isPresent() && !member.speaksForItself()) {
        try {
          tell(member.target(), Optional.empty(), member.failure().get());
        } catch (JournalException e) {
          return; // it is said again soon; whoever can't reach the registry can't be told either
        }
      }
    }
  }

  /**
   * The same for the only volume of a process.
   *
   * @param name of the replica, if one was given
   */
  public void tell(Target target, Optional<String> name, CommandFailure why, long nowNanos) {
    if (isDue(nowNanos)) {
      try {
        tell(target, name, why);
      } catch (JournalException e) {
        spoke = false; // said again as soon as it is tried again
      }
    }
  }

  private boolean isDue(long nowNanos) {
    boolean due = !spoke || nowNanos - saidNanos >= EVERY.toNanos();
    if (due) {
      spoke = true;
      saidNanos = nowNanos;
    }
    return due;
  }

  private void tell(Target target, Optional<String> name, CommandFailure why)
      throws JournalException {
    boolean known = false;
    for (ReplicaStatus said : registry.replicas(target.volume())) {
      boolean same =
          said.image().equals(target.image().toString())
              && host.id().toString().equals(said.hostId());
      known |= same;
      if (same && !said.isAlive(registry.now())) {
        registry.put(said.unopened(why.getMessage(), why.hint()));
      }
    }
    if (!known && why.code().equals(NoRoom.CODE)) {
      register(target, name.orElseGet(() -> ReplicaNames.of(target.image(), host.name())), why);
    }
  }

  private void register(Target target, String name, CommandFailure why) throws JournalException {
    Optional<VolumeDescriptor> volume = registry.volume(target.volume());
    if (volume.isEmpty() || registry.replica(target.volume(), name).isPresent()) {
      return; // whose name it is will be said when there is room
    }
    registry.put(
        ReplicaStatus.unmade(
                volume.get(), name, target.image().toString(), host.name(), host.id().toString())
            .unopened(why.getMessage(), why.hint()));
    unmade.put(target, name);
  }

  /** Forgets, at the end of the process, the replicas that have never come to be. */
  public void takeBack() {
    unmade.forEach(this::takeBack);
    unmade.clear();
  }

  private void takeBack(Target target, String name) {
    try {
      Optional<ReplicaStatus> said = registry.replica(target.volume(), name);
      if (said.isPresent() && said.get().isUnmade()) {
        registry.removeReplica(target.volume(), name);
      }
    } catch (JournalException e) {
      // It is shown as STOPPED then, until somebody forgets it.
    }
  }
}
