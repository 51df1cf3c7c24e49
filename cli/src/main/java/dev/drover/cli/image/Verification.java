package dev.drover.cli.image;

import dev.drover.applier.ImagePosition;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.journal.Position;
import dev.drover.qcow2.Comparison;
import dev.drover.qcow2.ImageCompare;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Two replicas, or one snapshot in both, compared.
 *
 * @param firstDifference the first guest byte that differs, if one does
 * @param sameSize whether the disks are equally large
 * @param oneOffset the journal offset below which all is in the first
 * @param otherOffset the same for the second
 */
public record Verification(
    OptionalLong firstDifference, boolean sameSize, long oneOffset, long otherOffset) {

  /** What is compared of one image. */
  private record Side(Qcow2Image image, Qcow2Image view, long offset) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      image.close();
    }
  }

  public boolean isSame() {
    return firstDifference.isEmpty() && sameSize;
  }

  /**
   * Compares; writes nothing.
   *
   * @param snapshot what to compare in both; empty: the images as they are, which nobody may hold
   * @throws CommandFailure when it cannot be told: 3 when an image is held or between two points, 2
   *     when it cannot be opened, 4 when it cannot be read
   */
  public static Verification of(Path one, Path other, Optional<String> snapshot) {
    try (Side a = side(one, snapshot);
        Side b = side(other, snapshot)) {
      Comparison found = ImageCompare.compare(a.view(), b.view());
      return new Verification(
          found.firstDifference(),
          found.sizeBytes() == found.otherSizeBytes(),
          a.offset(),
          b.offset());
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.CANNOT_READ, e);
    }
  }

  private static Side side(Path path, Optional<String> snapshot) {
    try {
      HostFile file = ImageFile.open(path, snapshot.isPresent());
      try {
        return snapshot.isPresent()
            ? snapshotSide(file, path, snapshot.get())
            : currentSide(file, path);
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (Qcow2Exception e) {
      boolean held = e.code() == Qcow2Exception.Code.IMAGE_IN_USE;
      throw QemuExit.of(held ? Exit.REFUSED.code() : QemuExit.CANNOT_OPEN, e);
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.CANNOT_OPEN, e);
    }
  }

  private static Side currentSide(HostFile file, Path path) throws IOException {
    ImagePosition position = ImagePosition.read(file);
    if (!position.isAtPoint()) {
      throw CommandFailure.refused(
          "BELOW_GATE",
          "%s: is at no point of the journal: it can hold effects of intents up to offset %d"
              .formatted(path, position.minRecovery().nextOffset()),
          "let 'drover apply' reach a point first, or compare a --snapshot");
    }
    Qcow2Image image = Qcow2Image.open(file, true);
    return new Side(image, image, position.applied().nextOffset());
  }

  private static Side snapshotSide(HostFile file, Path path, String name) throws IOException {
    Qcow2Image image = Qcow2Image.open(file, true);
    Optional<SnapshotInfo> taken =
        image.snapshots().reversed().stream().filter(s -> s.name().equals(name)).findFirst();
    if (taken.isEmpty()) {
      image.close();
      throw new CommandFailure(
          QemuExit.CANNOT_OPEN,
          "SNAPSHOT",
          "%s: has no snapshot %s".formatted(path, name),
          "see 'drover image info'",
          null);
    }
    long offset = ImagePosition.of(taken.get()).map(Position::nextOffset).orElse(-1L);
    return new Side(image, image.openSnapshot(taken.get().id()), offset);
  }
}
