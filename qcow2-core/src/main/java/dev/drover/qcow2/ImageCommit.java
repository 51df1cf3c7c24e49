package dev.drover.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.function.LongConsumer;

/**
 * Writes what an overlay adds to a disk below it into that disk, as {@code qemu-img commit} does.
 *
 * <p>At every moment the overlay shows the same disk: nothing is written below but in ranges for
 * which a file above has an answer. The disk below is durable before the overlay lets go of
 * anything, so a power cut or a failure anywhere loses nothing, and doing it again is safe. Files
 * between the two show something else from the first write on.
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="commit"}
 */
public final class ImageCommit {

  private static final int CHUNK_BYTES = 2 << 20;

  private final GuestDisk overlay;
  private final WritableDisk base;
  private final LongConsumer progress;

  private ImageCommit(GuestDisk overlay, WritableDisk base, LongConsumer progress) {
    this.overlay = overlay;
    this.base = base;
    this.progress = progress;
  }

  /**
   * Commits into the overlay's own backing disk, and empties the overlay; durable on return.
   *
   * @param overlay opened for writing through a gate that gave it {@code base}
   * @param base its backing disk; grows to the overlay's size if it is smaller
   * @param progress told how many bytes of the disk are done
   * @throws IllegalArgumentException if {@code base} is not the overlay's backing disk
   */
  public static void commit(Qcow2Image overlay, WritableDisk base, LongConsumer progress)
      throws IOException {
    if (depth(overlay, base) != 1) {
      throw new IllegalArgumentException("only the image right above a disk can be emptied");
    }
    copyInto(overlay, base, progress);
    overlay.empty();
  }

  /**
   * Commits what all files above {@code base} add to it, and leaves them as they are; durable on
   * return.
   *
   * @param base a disk anywhere in the backing chain of {@code overlay}
   * @throws IllegalArgumentException if it is not in the chain
   */
  public static void copyInto(GuestDisk overlay, WritableDisk base, LongConsumer progress)
      throws IOException {
    int depth = depth(overlay, base);
    try {
      new ImageCommit(overlay, base, progress).copy(depth);
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
    base.flush();
  }

  private static int depth(GuestDisk overlay, GuestDisk base) {
    int depth = 0;
    for (GuestDisk at = overlay; at != base; depth++) {
      at =
          at.backing()
              .orElseThrow(
                  () -> new IllegalArgumentException("the base is not in the backing chain"));
    }
    return depth;
  }

  private void copy(int depth) throws IOException {
    long size = overlay.virtualSizeBytes();
    long before = base.virtualSizeBytes();
    if (before < size) {
      base.resize(CreateOptions.roundUpToSectors(size)); // a header may say any size
    }
    Iterator<HostExtent> map = HostMap.of(overlay, GuestOffset.ZERO, size);
    while (map.hasNext()) {
      HostExtent extent = map.next();
      if (extent.depth() < depth) {
        copy(extent, before);
      }
      progress.accept(extent.end());
    }
  }

  /**
   * What a file above the base says. A hole counts, too: it is behind the end of a shorter file in
   * between, which hides what the base has there.
   *
   * @param grownFrom from where on the base is new and reads as zeroes
   */
  private void copy(HostExtent extent, long grownFrom) throws IOException {
    long at = extent.start().bytes();
    if (extent.isZero()) {
      long end = Math.min(extent.end(), grownFrom);
      if (at < end) {
        base.writeZeroes(extent.start(), end - at, true);
      }
      return;
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, extent.length()));
    while (at < extent.end()) {
      bytes.clear().limit((int) Math.min(bytes.capacity(), extent.end() - at));
      overlay.read(new GuestOffset(at), bytes);
      base.write(new GuestOffset(at), bytes.flip());
      at += bytes.limit();
      progress.accept(at);
    }
  }
}
