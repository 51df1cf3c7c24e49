package dev.drover.journal;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The fleet's memory: volumes, replicas and what they last said.
 *
 * <p>Promises to callers: a {@code put} or {@code remove} that returned is durable and seen by
 * every later read, from any host; a read answers from everything written before it was asked; the
 * last writer of a key wins (there is no compare-and-set: what must not race is decided by topic
 * creation or by an epoch, never here). Unknown fields, written by a newer version, are ignored.
 * Thread-safe; calls may block up to the broker timeout, and one that does holds up no {@code put}
 * of another thread.
 *
 * <p><b>Time.</b> Hosts' clocks differ, so nobody's own clock says how long a replica has been
 * silent: {@link ReplicaStatus#lastSeen} of what is read is when the registry took it, and {@link
 * #now} is the time by the same clock.
 */
public interface Registry extends HistoryShelf, AutoCloseable {

  /** The volume of that name. */
  Optional<VolumeDescriptor> volume(String name) throws JournalException;

  /** All volumes, by name. */
  List<VolumeDescriptor> volumes() throws JournalException;

  /** Writes a volume, over what was there. */
  void put(VolumeDescriptor volume) throws JournalException;

  /**
   * Forgets a volume, its history and each of its replicas; forgetting an unknown one is no error.
   */
  void removeVolume(String name) throws JournalException;

  /** What the replica last said, unaged: see {@link ReplicaStatus#asSeenAt}. */
  Optional<ReplicaStatus> replica(String volume, String replica) throws JournalException;

  /** The volume's replicas, by name, unaged. */
  List<ReplicaStatus> replicas(String volume) throws JournalException;

  /** Writes a replica's status, over what was there. */
  void put(ReplicaStatus status) throws JournalException;

  /** Forgets a replica; forgetting an unknown one is no error. */
  void removeReplica(String volume, String replica) throws JournalException;

  /**
   * What time it is by the clock that dates {@link ReplicaStatus#lastSeen}; judge silence by no
   * other.
   */
  Instant now() throws JournalException;

  /**
   * When something happened, by the clock of {@link #now}, that a process on {@code host} dated
   * with its own: what the replicas there last said tells how the two clocks differ. Where none
   * has, the host's clock is believed.
   */
  Instant byOwnClock(String host, Instant stamped) throws JournalException;

  @Override
  void close();
}
