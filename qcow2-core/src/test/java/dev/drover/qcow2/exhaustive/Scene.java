package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.List;

/**
 * An image at rest that sequences begin with. One thread: the buffers of the ranges are shared.
 *
 * @param name of it, for reports
 * @param letters of the {@link Alphabet} that make sense here
 * @param base the image, never changed
 * @param start what it shows
 * @param hasBacking whether only Drover's own judge can open it
 * @param watched what is read of every state; the rest of the disk only of some
 */
record Scene(
    String name,
    String letters,
    Alphabet alphabet,
    MemoryBlockFile base,
    DiskModel start,
    CoreOptions bounds,
    BackingOpener backing,
    boolean hasBacking,
    List<Range> watched) {

  /** Bytes [start, end) of the disk, and a buffer for them. */
  record Range(int start, int end, byte[] buffer) {
    Range(int start, int end) {
      this(start, end, new byte[end - start]);
    }
  }

  Qcow2Image open(BlockFile file) throws IOException {
    return SmallImages.open(file, backing, bounds);
  }

  /** The whole disk, also when it has grown. */
  List<Range> everything() {
    int largest = Math.max(start.size(), watched.getLast().end());
    return List.of(new Range(0, largest));
  }

  /** Whether each operation of a word does something, after those before it. */
  boolean isMeaningful(String word) {
    DiskModel model = start;
    for (Operation operation : alphabet.operations(word)) {
      if (!operation.applies(model)) {
        return false;
      }
      model = operation.after(model);
    }
    return true;
  }
}
