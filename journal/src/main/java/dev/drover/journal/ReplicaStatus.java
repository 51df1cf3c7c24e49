package dev.drover.journal;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;

/**
 * What a replica last said of itself. The first thirteen components are the fields that {@code
 * status --json} promises, in its order; the rest is what the next start, or another host, needs to
 * judge the image.
 *
 * @param volume the volume's name
 * @param replica the replica's name, unique within the volume
 * @param image absolute path of the image on its host
 * @param host the host's name, for people
 * @param state what it was doing
 * @param appliedOffset the next offset to apply, durable in the image
 * @param logEndOffset the journal's end when it looked
 * @param lagRecords records behind
 * @param lagBytes payload bytes behind
 * @param lagSeconds seconds behind
 * @param reason why it is in this state, one line; null when there is nothing to say
 * @param hint what to do about it; null when there is nothing to do
 * @param lastSeen when it said so; of what a {@link Registry} returns: when the registry took it
 * @param volumeUuid the volume's UUID: a deleted and recreated volume of one name differs
 * @param incarnation the image's incarnation; null while there is no image yet
 * @param witness what the file was when this was written
 * @param clean whether the image was clean then, and so whether {@code witness} binds
 * @param syncFailed whether the image stopped after a failed fdatasync that it could not repair
 * @param hostId what tells two hosts of one name apart
 * @param pid the process, on {@code host}
 * @param instance drawn by each process at its start: two processes never share it
 * @param compensations how many compensations this replica has published
 * @param ended whether this was the last word of its process: nobody follows any more
 */
public record ReplicaStatus(
    String volume,
    String replica,
    String image,
    String host,
    State state,
    long appliedOffset,
    long logEndOffset,
    long lagRecords,
    long lagBytes,
    double lagSeconds,
    String reason,
    String hint,
    Instant lastSeen,
    UUID volumeUuid,
    UUID incarnation,
    ImageWitness witness,
    boolean clean,
    boolean syncFailed,
    String hostId,
    long pid,
    UUID instance,
    long compensations,
    boolean ended) {

  /** How long without word until a replica counts as stopped. */
  public static final Duration SILENCE = Duration.ofSeconds(30);

  /** How long a heartbeat protects a replica's name against another image. */
  public static final Duration ALIVE = Duration.ofSeconds(15);

  /** What a replica can be doing. */
  public enum State {
    STARTING,
    CATCHING_UP,
    RUNNING,
    STALLED,
    FAULTED,
    STOPPED
  }

  /**
   * The file behind a replica. Size and time bind only a clean image at the same device and inode,
   * and only while its slot says the same generation: another inode is a copy or a restored file, a
   * lower generation an older copy restored over it, a higher one was settled unseen.
   *
   * @param device the file's device number
   * @param inode its inode number
   * @param sizeBytes its length
   * @param modified its modification time, as finely as the filesystem keeps it
   * @param generation of the image's position slot
   */
  public record ImageWitness(
      long device, long inode, long sizeBytes, Instant modified, long generation) {
    public ImageWitness {
      Objects.requireNonNull(modified, "modified");
    }

    /** Whether this is the same file as {@code other}, changed or not. */
    public boolean isSameFile(ImageWitness other) {
      return device == other.device && inode == other.inode;
    }
  }

  public ReplicaStatus {
    JournalNames.check(volume);
    JournalNames.check(replica);
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(lastSeen, "lastSeen");
  }

  /** What there is to say of a replica whose image is still to be made: where it is to be. */
  public static ReplicaStatus unmade(
      VolumeDescriptor volume, String replica, String image, String host, String hostId) {
    return new ReplicaStatus(
        volume.name(),
        replica,
        image,
        host,
        State.STARTING,
        0,
        0,
        0,
        0,
        0,
        null,
        null,
        Instant.EPOCH,
        volume.uuid(),
        null,
        null,
        false,
        false,
        hostId,
        0,
        null,
        0,
        true);
  }

  /** Whether its image has never been made. */
  public boolean isUnmade() {
    return incarnation == null;
  }

  /** Whether a process stands behind this record: it spoke recently and did not say goodbye. */
  public boolean isAlive(Instant now) {
    return state != State.STOPPED && !ended && lastSeen.plus(ALIVE).isAfter(now);
  }

  /** This record as a reader at {@code now} must see it: STOPPED after a long silence. */
  public ReplicaStatus asSeenAt(Instant now) {
    if (state == State.STOPPED || !lastSeen.plus(SILENCE).isBefore(now)) {
      return this;
    }
    String why = "no heartbeat since " + lastSeen;
    return withState(State.STOPPED, reason == null ? why : why + "; before: " + reason, hint);
  }

  /** The same record with another state, reason and hint. */
  public ReplicaStatus withState(State newState, String newReason, String newHint) {
    return copy(
        newState,
        logEndOffset,
        lagRecords,
        lagBytes,
        lagSeconds,
        newReason,
        newHint,
        lastSeen,
        ended);
  }

  /**
   * The same record, FAULTED: said on behalf of a replica that nobody can open, by a process that
   * does not hold its image.
   */
  public ReplicaStatus unopened(String newReason, String newHint) {
    return copy(
        State.FAULTED,
        logEndOffset,
        lagRecords,
        lagBytes,
        lagSeconds,
        newReason,
        newHint,
        lastSeen,
        true);
  }

  /** The same record, dated by another clock. */
  public ReplicaStatus seenAt(Instant when) {
    return copy(state, logEndOffset, lagRecords, lagBytes, lagSeconds, reason, hint, when, ended);
  }

  /** The same record, measured against another end of the journal. */
  public ReplicaStatus behind(long newLogEnd, long records, long bytes, double seconds) {
    return copy(state, newLogEnd, records, bytes, seconds, reason, hint, lastSeen, ended);
  }

  private ReplicaStatus copy(
      State newState,
      long newLogEnd,
      long records,
      long bytes,
      double seconds,
      String newReason,
      String newHint,
      Instant when,
      boolean nowEnded) {
    return new ReplicaStatus(
        volume,
        replica,
        image,
        host,
        newState,
        appliedOffset,
        newLogEnd,
        records,
        bytes,
        seconds,
        newReason,
        newHint,
        when,
        volumeUuid,
        incarnation,
        witness,
        clean,
        syncFailed,
        hostId,
        pid,
        instance,
        compensations,
        nowEnded);
  }
}
