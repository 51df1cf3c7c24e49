package dev.drover.applier;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A registry that forgets nothing until the test is over. */
final class MemoryRegistry implements Registry {

  private final Map<String, VolumeDescriptor> volumes = new ConcurrentHashMap<>();
  private final Map<String, ReplicaStatus> replicas = new ConcurrentHashMap<>();
  private final Map<String, JournalHistory> histories = new ConcurrentHashMap<>();
  private volatile boolean away;
  private volatile Duration ahead = Duration.ZERO;

  /** The registry's clock differs from this host's by so much. */
  void setClockAhead(Duration by) {
    ahead = by;
  }

  void setAway(boolean nowAway) {
    away = nowAway;
  }

  private void requireReachable() throws JournalException {
    if (away) {
      throw new JournalException(JournalException.Code.UNREACHABLE, "the registry is away");
    }
  }

  @Override
  public Optional<VolumeDescriptor> volume(String name) {
    return Optional.ofNullable(volumes.get(name));
  }

  @Override
  public List<VolumeDescriptor> volumes() {
    return new ArrayList<>(volumes.values());
  }

  @Override
  public void put(VolumeDescriptor volume) {
    volumes.put(volume.name(), volume);
  }

  @Override
  public Optional<JournalHistory> history(String volume) {
    return Optional.ofNullable(histories.get(volume));
  }

  @Override
  public void put(String volume, JournalHistory history) {
    histories.put(volume, history);
  }

  @Override
  public void removeVolume(String name) {
    volumes.remove(name);
  }

  @Override
  public Optional<ReplicaStatus> replica(String volume, String replica) throws JournalException {
    requireReachable();
    return Optional.ofNullable(replicas.get(volume + "/" + replica));
  }

  @Override
  public List<ReplicaStatus> replicas(String volume) {
    return replicas.values().stream().filter(status -> status.volume().equals(volume)).toList();
  }

  @Override
  public void put(ReplicaStatus status) throws JournalException {
    requireReachable();
    replicas.put(status.volume() + "/" + status.replica(), status.seenAt(now()));
  }

  @Override
  public void removeReplica(String volume, String replica) {
    replicas.remove(volume + "/" + replica);
  }

  @Override
  public Instant now() {
    return Instant.now().plus(ahead);
  }

  @Override
  public Instant byOwnClock(String host, Instant stamped) {
    return stamped.plus(ahead);
  }

  @Override
  public void close() {}
}
