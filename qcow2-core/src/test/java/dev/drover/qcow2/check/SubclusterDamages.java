package dev.drover.qcow2.check;

import dev.drover.qcow2.format.L2Entry;
import java.util.ArrayList;
import java.util.List;

/** What can be wrong with an extended L2 entry alone: its second half, and what it forbids. */
final class SubclusterDamages {

  private static final long ALLOCATED = 1;
  private static final long ZERO = 1L << 32;

  private final List<Damage> all = new ArrayList<>();

  private SubclusterDamages() {}

  static List<Damage> all() {
    SubclusterDamages damages = new SubclusterDamages();
    damages.dataEntries(true);
    damages.dataEntries(false);
    damages.partlyAllocated();
    damages.preallocated();
    damages.compressed();
    damages.holes();
    return damages.all;
  }

  private void add(String name, Damage.Wound wound) {
    all.add(new Damage("subclusters: " + name, true, wound));
  }

  private static long bitmapOf(long entryAt) {
    return entryAt + 8;
  }

  private void dataEntries(boolean active) {
    String what = "data" + (active ? " " : " of a snapshot ");
    add(what + "also zero", image -> image.flip(bitmapOf(image.dataEntryAt(active)), ZERO));
    add(what + "all zero, too", image -> image.put(bitmapOf(image.dataEntryAt(active)), -1));
    add(what + "without a place", image -> image.put(image.dataEntryAt(active), 0));
    add(what + "forgotten", image -> image.put(bitmapOf(image.dataEntryAt(active)), 0));
    add(what + "not aligned", image -> image.flip(image.dataEntryAt(active), 512));
    add(what + "reserved bit", image -> image.flip(image.dataEntryAt(active), 1 << 5));
    add(
        what + "with the flag of 8-byte entries",
        image -> image.flip(image.dataEntryAt(active), 1));
    add(what + "COPIED wrong", image -> image.flip(image.dataEntryAt(active), L2Entry.COPIED_FLAG));
    add(
        what + "taken for compressed",
        image -> image.flip(image.dataEntryAt(active), L2Entry.COMPRESSED_FLAG));
  }

  private static long partly(Anatomy image) {
    return image.l2EntryAt(
        true, 0, entry -> entry.hasCluster() && entry.zero() != 0 && entry.allocated() != 0);
  }

  private void partlyAllocated() {
    add("some zero, not aligned", image -> image.flip(partly(image), 512));
    add("some zero, without a place", image -> image.put(partly(image), 0));
    add(
        "some zero, all allocated",
        image ->
            image.put(
                bitmapOf(partly(image)), image.longAt(bitmapOf(partly(image))) | 0xFFFFFFFFL));
  }

  private static long prealloc(Anatomy image) {
    return image.l2EntryAt(true, 0, Anatomy::isPreallocated);
  }

  private void preallocated() {
    add("preallocated, not aligned", image -> image.flip(prealloc(image), 512));
    add(
        "preallocated holes, not aligned",
        image -> {
          long entry = prealloc(image);
          image.put(bitmapOf(entry), 3 * ZERO);
          image.flip(entry, 512);
        });
    add(
        "preallocated, not aligned, reserved bit",
        image -> image.flip(prealloc(image), 512 | 1 << 5));
    add("preallocated, also allocated", image -> image.flip(bitmapOf(prealloc(image)), ALLOCATED));
  }

  private void compressed() {
    add(
        "compressed, allocated",
        image -> image.put(bitmapOf(image.compressedEntryAt()), ALLOCATED));
    add("compressed, zero", image -> image.put(bitmapOf(image.compressedEntryAt()), ZERO));
    add(
        "compressed, allocated, COPIED",
        image -> {
          image.put(bitmapOf(image.compressedEntryAt()), ALLOCATED);
          image.flip(image.compressedEntryAt(), L2Entry.COPIED_FLAG);
        });
  }

  private static long hole(Anatomy image) {
    return image.l2EntryAt(true, 0, L2Entry::isHole);
  }

  private void holes() {
    add("hole, allocated", image -> image.put(bitmapOf(hole(image)), ALLOCATED));
    add("hole, allocated and zero", image -> image.put(bitmapOf(hole(image)), ALLOCATED | ZERO));
    add("hole, zero", image -> image.put(bitmapOf(hole(image)), ZERO));
    add("hole with the flag of 8-byte entries", image -> image.put(hole(image), 1));
    add("hole, COPIED", image -> image.put(hole(image), L2Entry.COPIED_FLAG));
  }
}
