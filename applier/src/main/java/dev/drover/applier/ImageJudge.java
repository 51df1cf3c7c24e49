package dev.drover.applier;

import dev.drover.applier.ApplierException.Code;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.ReplicaStatus.ImageWitness;
import dev.drover.journal.VolumeDescriptor;
import java.time.Instant;
import java.util.Optional;

/**
 * Whether an image may follow a journal, and as whom. Pure: the facts are arguments.
 *
 * <pre>
 *   image is      same file as its slot says     another file (copied, restored, moved)
 *   ------------  -----------------------------  ------------------------------------------
 *   at a point    goes on; refused if changed    goes on from its own position as a new
 *                 since its witness              incarnation
 *   between two   goes on, after recovery        refused, unless the operator states that the
 *                                                source was dead
 * </pre>
 *
 * And in every case refused: another volume, another journal, a name that is alive on another file.
 */
final class ImageJudge {

  /**
   * What is known of the image.
   *
   * @param path for messages
   * @param state what its newest slot says
   * @param structureClean what the slot says of the structure
   * @param owner the file that it is in now
   * @param witness what the file looks like now
   */
  record Facts(
      String path,
      ReplicaState state,
      boolean structureClean,
      ReplicaState.Owner owner,
      ImageWitness witness) {

    boolean atPoint() {
      return structureClean && !state.isBetweenPoints();
    }
  }

  /**
   * As whom the image goes on.
   *
   * @param name the replica's name
   * @param newIncarnation whether it needs a new one, durable before its first write
   */
  record Verdict(String name, boolean newIncarnation) {}

  private ImageJudge() {}

  /** The journal must be the image's own: before any place in it is looked at. */
  static void requireOwnJournal(Facts facts, VolumeDescriptor volume, JournalIdentity journal)
      throws ApplierException {
    ReplicaState state = facts.state();
    if (!state.volume().equals(volume.uuid())) {
      throw new ApplierException(
          Code.FOREIGN_IMAGE,
          "%s: follows volume %s, not %s (%s)"
              .formatted(facts.path(), state.volume(), volume.name(), volume.uuid()),
          "give the image of this volume, or another --image to make one");
    }
    if (!state.journal().equals(journal)) {
      throw new ApplierException(
          Code.FOREIGN_JOURNAL,
          "%s: follows topic %s on cluster %s; volume %s now is topic %s on cluster %s"
              .formatted(
                  facts.path(),
                  state.journal().topicId(),
                  state.journal().clusterId(),
                  volume.name(),
                  journal.topicId(),
                  journal.clusterId()),
          "the journal was deleted and made again, or is on another cluster: rebuild the replica");
    }
  }

  /**
   * Judges the image itself.
   *
   * @param known what the registry says of the replica of the image's own name
   */
  static Verdict judge(Facts facts, ReplicaOptions options, Optional<ReplicaStatus> known)
      throws ApplierException {
    boolean sameFile = facts.owner().equals(facts.state().owner());
    if (!sameFile && !facts.atPoint() && !options.sourceWasDead()) {
      throw new ApplierException(
          Code.COPIED_WHILE_RUNNING,
          facts.path()
              + ": was copied or moved while it was being written: it is not the file that its own"
              + " position names, and not at a point of the journal",
          "copy a stopped replica; if nothing wrote to the source when it was copied, say so with"
              + " --source-was-dead");
    }
    if (sameFile && facts.atPoint() && known.isPresent()) {
      requireUnchanged(facts, known.get());
    }
    String name = options.name().orElse(facts.state().replica());
    return new Verdict(name, !sameFile || !name.equals(facts.state().replica()));
  }

  private static void requireUnchanged(Facts facts, ReplicaStatus known) throws ApplierException {
    ImageWitness then = known.witness();
    ImageWitness now = facts.witness();
    boolean binds =
        known.clean()
            && then != null
            && facts.state().incarnation().equals(known.incarnation())
            && facts.owner().host().toString().equals(known.hostId())
            && now.isSameFile(then)
            && now.generation() == then.generation();
    if (binds && !now.equals(then)) {
      throw new ApplierException(
          Code.IMAGE_MODIFIED,
          "%s: somebody else has written to it: %d bytes, modified %s; it was left with %d, %s"
              .formatted(
                  facts.path(), now.sizeBytes(), now.modified(), then.sizeBytes(), then.modified()),
          "make a new replica under another --image; keep this one for what was written to it");
    }
  }

  /** A name is taken while somebody speaks for it from another file. */
  static void requireFreeName(
      String name, ReplicaState.Owner owner, Optional<ReplicaStatus> known, Instant now)
      throws ApplierException {
    if (known.isEmpty() || !known.get().isAlive(now)) {
      return;
    }
    ReplicaStatus other = known.get();
    ImageWitness file = other.witness();
    boolean sameFile =
        owner != null
            && file != null
            && owner.host().toString().equals(other.hostId())
            && owner.device() == file.device()
            && owner.inode() == file.inode();
    if (!sameFile) {
      throw new ApplierException(
          Code.NAME_IN_USE,
          "replica %s of volume %s is alive on %s: %s, last heard of at %s"
              .formatted(name, other.volume(), other.host(), other.image(), other.lastSeen()),
          "stop it, or " + ReplicaNames.CHOOSE_ANOTHER);
    }
  }
}
