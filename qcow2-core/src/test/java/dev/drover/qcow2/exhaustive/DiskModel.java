package dev.drover.qcow2.exhaustive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a guest must see: the disk's bytes and those that each snapshot keeps; and what the dirty
 * bitmaps must say of it. Never changed; an operation makes a new one.
 *
 * @param content of the active disk, as long as the disk
 * @param snapshots oldest first
 * @param bitmaps oldest first
 */
record DiskModel(byte[] content, List<Kept> snapshots, List<Marks> bitmaps) {

  DiskModel(byte[] content, List<Kept> snapshots) {
    this(content, snapshots, List.of());
  }

  /** A snapshot's name and content. */
  record Kept(String name, byte[] content) {}

  int size() {
    return content.length;
  }

  /** Every byte that an operation is asked to change, changed or not, is noted. */
  DiskModel filled(int from, int length, int value) {
    byte[] next = content.clone();
    Arrays.fill(next, from, from + length, (byte) value);
    return new DiskModel(
        next, snapshots, bitmaps.stream().map(each -> each.noting(from, length)).toList());
  }

  DiskModel resized(int size) {
    return new DiskModel(
        Arrays.copyOf(content, size),
        snapshots,
        bitmaps.stream().map(each -> each.cut(size)).toList());
  }

  DiskModel withSnapshot(String name) {
    List<Kept> next = new ArrayList<>(snapshots);
    next.add(new Kept(name, content));
    return new DiskModel(content, List.copyOf(next), bitmaps);
  }

  DiskModel withoutSnapshot(String name) {
    return new DiskModel(
        content, snapshots.stream().filter(each -> !each.name.equals(name)).toList(), bitmaps);
  }

  /** The disk as the snapshot keeps it, its size too. */
  DiskModel reverted(String name) {
    Kept kept = snapshots.stream().filter(each -> each.name.equals(name)).findFirst().orElseThrow();
    return new DiskModel(kept.content, snapshots, bitmaps);
  }

  /** With these bitmaps, and all of them as the file has them. */
  DiskModel withBitmaps(List<Marks> next) {
    return new DiskModel(content, snapshots, next.stream().map(Marks::stored).toList());
  }

  /** With all bitmaps marked in use. */
  DiskModel withBitmapsInUse() {
    return new DiskModel(content, snapshots, bitmaps.stream().map(Marks::inUse).toList());
  }
}
