package dev.drover.qcow2.replica;

import static dev.drover.qcow2.replica.MiniEngine.CLUSTER;
import static dev.drover.qcow2.replica.MiniEngine.TABLE_SPAN;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.replica.MiniEngine.Op;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a journal makes of a disk, without an image: the parts that journals touch, the size, the
 * snapshots. Comparing the rest of the disk would only cost time.
 *
 * @param content of {@link #REGIONS}, one behind the other; zeroes behind the disk's end
 * @param snapshots by the operation that took them
 */
record Model(long size, byte[] content, Map<Integer, Model> snapshots) {

  private record Region(long start, int length) {}

  private static final List<Region> REGIONS =
      List.of(
          new Region(0, 5 * CLUSTER),
          new Region(TABLE_SPAN - 2 * CLUSTER, 4 * CLUSTER),
          new Region(2 * TABLE_SPAN, 3 * CLUSTER));

  private static final int BYTES = REGIONS.stream().mapToInt(Region::length).sum();

  static Model empty(long size) {
    return new Model(size, new byte[BYTES], Map.of());
  }

  /** The disk after the first {@code count} operations. */
  static Model after(List<Op> journal, int count) {
    Model model = empty(Journals.DISK);
    for (int i = 0; i < count; i++) {
      model = model.after(journal.get(i), i);
    }
    return model;
  }

  Model after(Op op, int number) {
    return switch (op) {
      case Op.Change(List<GuestChange> changes) -> {
        byte[] next = content.clone();
        changes.forEach(change -> apply(next, change));
        yield new Model(size, next, snapshots);
      }
      case Op.Snapshot() -> {
        Map<Integer, Model> more = new LinkedHashMap<>(snapshots);
        more.put(number, this);
        yield new Model(size, content, more);
      }
      case Op.Delete(int which) -> {
        Map<Integer, Model> fewer = new LinkedHashMap<>(snapshots);
        fewer.remove(which);
        yield new Model(size, content, fewer);
      }
      case Op.Revert(int which) -> {
        Model then = snapshots.get(which);
        yield new Model(then.size, then.content, snapshots);
      }
      case Op.Resize(long newSize) -> {
        byte[] next = content.clone();
        if (newSize < size) {
          apply(next, MiniEngine.zero(newSize, size - newSize, false));
        }
        yield new Model(newSize, next, snapshots);
      }
      case Op.Settle() -> this;
    };
  }

  private static void apply(byte[] content, GuestChange change) {
    int at = 0;
    for (Region region : REGIONS) {
      long from = Math.max(change.offset().bytes(), region.start());
      long to = Math.min(change.end(), region.start() + region.length());
      if (from < to) {
        int first = at + (int) (from - region.start());
        int length = (int) (to - from);
        switch (change) {
          case GuestChange.Write write -> {
            int source = (int) (from - write.offset().bytes());
            write.data().get(write.data().position() + source, content, first, length);
          }
          case GuestChange.Zero _ -> Arrays.fill(content, first, first + length, (byte) 0);
        }
      }
      at += region.length();
    }
  }

  /** The same parts of a disk as it is. */
  static byte[] read(GuestDisk disk) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(BYTES);
    int at = 0;
    for (Region region : REGIONS) {
      long length = Math.min(region.length(), disk.virtualSizeBytes() - region.start());
      if (length > 0) {
        disk.read(new GuestOffset(region.start()), all.slice(at, (int) length));
      }
      at += region.length();
    }
    return all.array();
  }
}
