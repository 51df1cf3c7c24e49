package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;

/** One call on an image, and what it makes of a {@link DiskModel}. */
sealed interface Operation
    permits BitmapOperation,
        Operation.Ranged,
        Operation.Flush,
        Operation.Close,
        Operation.CreateSnapshot,
        Operation.DeleteSnapshot,
        Operation.ApplySnapshot,
        Operation.Resize {

  /** How an operation takes effect, and when it is durable. */
  enum Effect {
    /** Sector by sector; durable with the next flush. */
    CONTENT,
    /** All or nothing, and durable on return, with everything before it. */
    STRUCTURE,
    /** None, but everything before it is durable on return. */
    FLUSH
  }

  void run(Qcow2Image image, DiskModel before) throws IOException;

  DiskModel after(DiskModel before);

  /** Whether it does something to this disk: a sequence in which it does not is a shorter one. */
  default boolean applies(DiskModel before) {
    return true;
  }

  default Effect effect() {
    return Effect.CONTENT;
  }

  /** Of a range of the disk. */
  sealed interface Ranged extends Operation permits Write, Zero, Discard, Preallocate {
    int offset();

    int length();

    @Override
    default boolean applies(DiskModel before) {
      return end() <= before.size();
    }

    private int end() {
      return offset() + length();
    }

    /**
     * Whether this is about bytes of a sector that the other is about, and of bytes beside them.
     */
    default boolean coversPartOfASectorOf(Ranged other) {
      boolean start = other.offset() % BlockFile.SECTOR_BYTES != 0;
      boolean end = other.end() % BlockFile.SECTOR_BYTES != 0;
      return start && offset() < other.offset() && other.offset() < end()
          || end && offset() < other.end() && other.end() < end();
    }
  }

  /** Plain or compressed bytes. */
  record Write(int offset, int length, int value, boolean compressed) implements Ranged {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      byte[] bytes = new byte[length];
      Arrays.fill(bytes, (byte) value);
      if (compressed) {
        image.writeCompressed(new GuestOffset(offset), ByteBuffer.wrap(bytes));
      } else {
        image.write(new GuestOffset(offset), ByteBuffer.wrap(bytes));
      }
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.filled(offset, length, value);
    }
  }

  /** Zeroes, with or without giving space back. */
  record Zero(int offset, int length, boolean unmap) implements Ranged {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.writeZeroes(new GuestOffset(offset), length, unmap);
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.filled(offset, length, 0);
    }
  }

  /** Whole clusters, which read as zeroes then. */
  record Discard(int offset, int length) implements Ranged {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.discard(new GuestOffset(offset), length);
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.filled(offset, length, 0);
    }
  }

  /** Space without content. */
  record Preallocate(int offset, int length) implements Ranged {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.preallocate(new GuestOffset(offset), length);
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before;
    }
  }

  record Flush() implements Operation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.flush();
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before;
    }

    @Override
    public Effect effect() {
      return Effect.FLUSH;
    }
  }

  record Close() implements Operation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.close();
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.withBitmaps(before.bitmaps());
    }

    @Override
    public Effect effect() {
      return Effect.FLUSH;
    }
  }

  record CreateSnapshot(int number) implements Operation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.createSnapshot(
          new SnapshotSpec(
              new UUID(7, number), name(), Instant.ofEpochSecond(number), new byte[0]));
    }

    private String name() {
      return "s" + number;
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.withSnapshot(name());
    }

    @Override
    public Effect effect() {
      return Effect.STRUCTURE;
    }
  }

  /** Of the oldest. */
  record DeleteSnapshot() implements Operation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      String name = before.snapshots().getFirst().name();
      if (image.snapshots().stream().anyMatch(each -> each.name().equals(name))) {
        image.deleteSnapshot(name);
      } else {
        image.flush(); // a first try that failed has done it, but not durably
      }
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.withoutSnapshot(before.snapshots().getFirst().name());
    }

    @Override
    public boolean applies(DiskModel before) {
      return !before.snapshots().isEmpty();
    }

    @Override
    public Effect effect() {
      return Effect.STRUCTURE;
    }
  }

  /** Goes back to the oldest. */
  record ApplySnapshot() implements Operation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.revertToSnapshot(before.snapshots().getFirst().name());
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.reverted(before.snapshots().getFirst().name());
    }

    @Override
    public boolean applies(DiskModel before) {
      return !before.snapshots().isEmpty() && before.bitmaps().isEmpty();
    }

    @Override
    public Effect effect() {
      return Effect.STRUCTURE;
    }
  }

  record Resize(int size) implements Operation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.resize(size);
    }

    @Override
    public DiskModel after(DiskModel before) {
      return before.resized(size);
    }

    @Override
    public boolean applies(DiskModel before) {
      return size != before.size();
    }

    @Override
    public Effect effect() {
      return Effect.STRUCTURE;
    }
  }
}
