package dev.drover.qcow2.exhaustive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a guest must see: the disk's bytes and those that each snapshot keeps. Never changed; an
 * operation makes a new one.
 *
 * @param content of the active disk, as long as the disk
 * @param snapshots oldest first
 */
record DiskModel(byte[] content, List<Kept> snapshots) {

  /** A snapshot's name and content. */
  record Kept(String name, byte[] content) {}

  int size() {
    return content.length;
  }

  DiskModel filled(int from, int length, int value) {
    byte[] next = content.clone();
    Arrays.fill(next, from, from + length, (byte) value);
    return new DiskModel(next, snapshots);
  }

  DiskModel resized(int size) {
    return new DiskModel(Arrays.copyOf(content, size), snapshots);
  }

  DiskModel withSnapshot(String name) {
    List<Kept> next = new ArrayList<>(snapshots);
    next.add(new Kept(name, content));
    return new DiskModel(content, List.copyOf(next));
  }

  DiskModel withoutSnapshot(String name) {
    return new DiskModel(
        content, snapshots.stream().filter(each -> !each.name.equals(name)).toList());
  }

  /** The disk as the snapshot keeps it, its size too. */
  DiskModel reverted(String name) {
    Kept kept = snapshots.stream().filter(each -> each.name.equals(name)).findFirst().orElseThrow();
    return new DiskModel(kept.content, snapshots);
  }
}
