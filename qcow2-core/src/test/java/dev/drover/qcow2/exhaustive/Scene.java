package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * An image at rest that sequences begin with. One thread: the buffers of the ranges are shared.
 *
 * @param name of it, for reports
 * @param letters of the {@link Alphabet} that make sense here
 * @param base the image, never changed
 * @param start what it shows
 * @param hasBacking whether it needs files beside it: then only Drover's own judge can open it
 * @param watched what is read of every state; the rest of the disk only of some
 */
record Scene(
    String name,
    String letters,
    Alphabet alphabet,
    Stored base,
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

  /** Opens it as programs do, which recovers it. */
  Qcow2Image open(BlockFile image, Optional<? extends BlockFile> data) throws IOException {
    return SmallImages.open(image, data.isEmpty() ? backing : gate(data.get()), bounds);
  }

  Qcow2Image open(Stored files) throws IOException {
    return open(files.image(), files.data());
  }

  private BackingOpener gate(BlockFile data) {
    return new BackingOpener() {
      @Override
      public GuestDisk open(String image, BackingReference reference) throws IOException {
        return backing.open(image, reference);
      }

      @Override
      public BlockFile openData(String image, String name, boolean readOnly) {
        return data;
      }
    };
  }

  /** I-65: a raw data file is what the guest sees, byte for byte, for who reads it alone. */
  void requireRawData(Qcow2Image image, Stored files) throws IOException {
    if (files.data().isEmpty() || !image.header().features().isDataFileRaw()) {
      return;
    }
    int size = (int) image.virtualSizeBytes();
    if (files.data().get().length() != size) {
      throw new InvariantViolation("I-65", "the raw file does not end where the disk ends");
    }
    for (Range range : watched) {
      int end = Math.min(size, range.end());
      if (range.start() < end) {
        ByteBuffer seen = ByteBuffer.allocate(end - range.start());
        ByteBuffer alone = ByteBuffer.allocate(end - range.start());
        image.read(new GuestOffset(range.start()), seen);
        files.data().get().read(alone, range.start());
        int differs = seen.flip().mismatch(alone.flip());
        if (differs >= 0) {
          throw new InvariantViolation(
              "I-65", "the raw file differs from the disk at " + (range.start() + differs));
        }
      }
    }
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
