package dev.drover.qcow2;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Puts an image onto another backing disk, or makes it stand alone, and its content stays, as with
 * {@code qemu-img rebase} in its safe mode: where the image has a hole and the two disks below
 * differ, it gets what the old one shows. All of that is durable before the header names the new
 * one, and the header changes at one stroke: a power cut or a failure anywhere loses nothing, and
 * doing it again is safe.
 *
 * <p>As with QEMU this is about the disk as it is now: an internal snapshot shows the new backing
 * disk where it has holes.
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="rebase"}
 */
public final class ImageRebase {

  private final Qcow2Image image;
  private final LongConsumer progress;
  private final DiskDifferences differences;

  private ImageRebase(Qcow2Image image, GuestDisk older, GuestDisk newer, LongConsumer progress) {
    this.image = image;
    this.progress = progress;
    this.differences = new DiskDifferences(older, newer, image.clusterSizeBytes());
  }

  /**
   * Rebases an image that nobody has open; durable on return.
   *
   * @param file of the image; it is closed, whatever happens
   * @param gate opens the backing disk that is and the one that is to be
   * @param onto the new one; empty: none
   * @param progress told how many bytes of the disk are done
   */
  public static void rebase(
      BlockFile file, BackingOpener gate, Optional<BackingReference> onto, LongConsumer progress)
      throws IOException {
    rebase(file, gate, onto, progress, Qcow2Image.BOUNDS);
  }

  static void rebase(
      BlockFile file,
      BackingOpener gate,
      Optional<BackingReference> onto,
      LongConsumer progress,
      CoreOptions bounds)
      throws IOException {
    try (file;
        GuestDisk newer = opened(gate, file, onto)) {
      GuestDisk older = opened(gate, file, reference(Header.read(file)));
      try (Qcow2Image image = Qcow2Image.openOver(file, gate, older, bounds)) {
        new ImageRebase(image, older, newer, progress).copy();
        image.flush();
        image.renameBacking(onto);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
  }

  /**
   * Only changes the name in the header, as the unsafe mode does: for a backing file that was
   * moved, or another one of which the caller knows that it shows the same. Opens no backing file.
   *
   * @param file of the image; it is closed, whatever happens
   * @param gate opens the external data file that it may have
   * @param onto the new one; empty: none
   */
  public static void rename(BlockFile file, BackingOpener gate, Optional<BackingReference> onto)
      throws IOException {
    try (file;
        Qcow2Image image = Qcow2Image.openOver(file, gate, new NoDisk(), Qcow2Image.BOUNDS)) {
      image.renameBacking(onto);
    }
  }

  private static Optional<BackingReference> reference(Header header) {
    return header.backingName().map(name -> new BackingReference(name, header.backingFormat()));
  }

  private static GuestDisk opened(
      BackingOpener gate, BlockFile file, Optional<BackingReference> reference) throws IOException {
    return reference.isPresent() ? gate.open(file.name(), reference.get()) : new NoDisk();
  }

  private void copy() throws IOException {
    Iterator<GuestExtent> map = image.map(GuestOffset.ZERO);
    while (map.hasNext()) {
      GuestExtent extent = map.next();
      if (extent.kind() == GuestExtent.Kind.HOLE) {
        differences.visit(extent.start().bytes(), extent.end(), new IntoImage());
      }
      progress.accept(extent.end());
    }
  }

  /** Gives the image what its old backing disk shows. */
  private final class IntoImage implements DiskDifferences.Visitor {
    @Override
    public void data(long offset, ByteBuffer bytes) throws IOException {
      image.write(new GuestOffset(offset), bytes);
      progress.accept(offset);
    }

    @Override
    public void zeroes(long offset, long length) throws IOException {
      image.writeZeroes(new GuestOffset(offset), length, true);
    }
  }
}
