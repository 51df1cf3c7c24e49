package dev.drover.applier;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.Position;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.replica.ReplicaImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * A stopped replica from which a new image of the same volume is begun, so that the journal need
 * not be replayed from its beginning: from where the replica is or, where that is beyond the point
 * wanted, from the latest of its snapshots that is not.
 *
 * <p>A snapshot will do only if every snapshot that lived there is still in the image: one that was
 * dropped since would be missing in the new image, and a revert to it could not be applied.
 *
 * <p>Open, it holds the replica's lock against writers; it never writes to it.
 */
public final class BaseImage implements AutoCloseable {
  private static final int COPY_BYTES = 1 << 20;
  private static final int HOLE_BYTES = 64 << 10;

  /** What a volume's journal tells of its snapshots, up to its end or the point wanted. */
  @FunctionalInterface
  public interface History {
    /** Reads it; this may take long, and needs the journal from its beginning at worst. */
    JournalHistory read() throws JournalException;
  }

  /**
   * Which replica is to be begun from.
   *
   * @param image its path
   * @param history asked only where the image is beyond the point wanted
   * @param registry which may know that somebody has written to it
   */
  public record Wanted(Path image, History history, Registry registry) {
    public Wanted {
      Objects.requireNonNull(image, "image");
      Objects.requireNonNull(history, "history");
      Objects.requireNonNull(registry, "registry");
    }
  }

  private final HostFile file;
  private final Position position;
  private final Optional<SnapshotInfo> snapshot;

  private BaseImage(HostFile file, Position position, Optional<SnapshotInfo> snapshot) {
    this.file = file;
    this.position = position;
    this.snapshot = snapshot;
  }

  /**
   * Opens a replica and finds where a new image can begin.
   *
   * @param untilOffset the highest place at which it may begin
   * @throws ApplierException FOREIGN_IMAGE, FOREIGN_JOURNAL, IMAGE_MODIFIED, NOT_AT_POINT, or
   *     POINT_PASSED when it has no place low enough
   * @throws IOException also {@link dev.drover.qcow2.Qcow2Exception}: not a replica, or held
   */
  public static BaseImage open(
      Wanted wanted, VolumeDescriptor volume, JournalIdentity journal, long untilOffset)
      throws ApplierException, IOException {
    HostFile file = HostFile.openForReading(wanted.image());
    try {
      ReplicaImage image = ReplicaImage.open(file);
      Position applied = judged(wanted, image, volume, journal).applied();
      if (applied.nextOffset() <= untilOffset) {
        return new BaseImage(file, applied, Optional.empty());
      }
      SnapshotInfo start = nearest(image.snapshots(), wanted, volume, untilOffset);
      if (start == null) {
        throw new ApplierException(
            ApplierException.Code.POINT_PASSED,
            "%s: is at offset %d, beyond %d, and no snapshot of it can be begun from"
                .formatted(wanted.image(), applied.nextOffset(), untilOffset),
            "give an older --base, or none: then the journal is replayed from its beginning");
      }
      return new BaseImage(file, positionOf(start).orElseThrow(), Optional.of(start));
    } catch (ApplierException | IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static ReplicaState judged(
      Wanted wanted, ReplicaImage image, VolumeDescriptor volume, JournalIdentity journal)
      throws ApplierException, IOException {
    Path path = wanted.image();
    ReplicaState state = ImageOpener.decode(path, image.slot().payload());
    boolean clean = image.slot().clean() && image.olderSlot().isPresent();
    FileFacts facts = FileFacts.of(path);
    ImageJudge.Facts judged =
        new ImageJudge.Facts(
            path.toString(),
            state,
            clean,
            facts.owner(state.owner().host()),
            facts.witness(image.slot().generation()));
    ImageJudge.requireOwnJournal(judged, volume, journal);
    if (!judged.atPoint()) {
      throw new ApplierException(
          ApplierException.Code.NOT_AT_POINT,
          path + ": was not stopped in order: it is at no point of the journal",
          "let 'drover apply --until' bring it to one, or take another --base");
    }
    Optional<ReplicaStatus> known =
        wanted
            .registry()
            .replica(volume.name(), state.replica())
            .filter(status -> volume.uuid().equals(status.volumeUuid()));
    ImageJudge.judge(judged, ReplicaOptions.of(path), known);
    return state;
  }

  private static SnapshotInfo nearest(
      List<SnapshotInfo> snapshots, Wanted wanted, VolumeDescriptor volume, long untilOffset)
      throws JournalException {
    JournalHistory history = wanted.history().read();
    Set<UUID> present =
        snapshots.stream().flatMap(each -> each.uuid().stream()).collect(Collectors.toSet());
    return snapshots.stream()
        .filter(each -> isOf(volume, each))
        .filter(each -> offsetOf(each) <= untilOffset)
        .filter(
            each ->
                history.snapshots().stream()
                    .filter(other -> other.livesAt(offsetOf(each)))
                    .allMatch(other -> present.contains(other.uuid())))
        .max(Comparator.comparingLong(BaseImage::offsetOf))
        .orElse(null);
  }

  private static boolean isOf(VolumeDescriptor volume, SnapshotInfo snapshot) {
    return SnapshotPosition.decode(snapshot.extra())
        .filter(carried -> carried.volume().equals(volume.uuid()))
        .isPresent();
  }

  private static Optional<Position> positionOf(SnapshotInfo snapshot) {
    return SnapshotPosition.decode(snapshot.extra()).map(SnapshotPosition::position);
  }

  private static long offsetOf(SnapshotInfo snapshot) {
    return positionOf(snapshot).map(Position::nextOffset).orElse(Long.MAX_VALUE);
  }

  /** Where the new image begins. */
  public Position position() {
    return position;
  }

  /** The snapshot that it begins from; empty: from the replica as it is. */
  public Optional<String> snapshot() {
    return snapshot.map(SnapshotInfo::name);
  }

  /**
   * Makes an empty file an image at {@link #position}, durable and clean on return.
   *
   * @param as who the new image is
   */
  void copyTo(BlockFile empty, ReplicaState as) throws IOException {
    long length = file.length();
    for (long at = 0; at < length; at += COPY_BYTES) {
      copy(empty, at, (int) Math.min(COPY_BYTES, length - at));
    }
    empty.setLength(length);
    empty.sync();
    ReplicaImage image = ReplicaImage.open(empty); // the caller closes the file
    image.recover();
    if (snapshot.isPresent()) {
      image.revertSnapshot(snapshot.get().uuid().orElseThrow());
      for (SnapshotInfo each : image.snapshots()) {
        if (offsetOf(each) > position.nextOffset() && each.uuid().isPresent()) {
          image.deleteSnapshot(each.uuid().get()); // replay takes it again, if it gets there
        }
      }
    }
    image.settle(as.encode());
  }

  /** Leaves holes where there are only zeroes, so that the copy is no larger than the base. */
  private void copy(BlockFile to, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    file.read(bytes, at);
    for (int from = 0; from < length; from += HOLE_BYTES) {
      ByteBuffer part = bytes.slice(from, Math.min(HOLE_BYTES, length - from));
      if (part.mismatch(ByteBuffer.allocate(part.remaining())) >= 0) {
        to.write(part, at + from);
      }
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
