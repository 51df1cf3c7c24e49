package dev.drover.qcow2.check;

import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * Every damage that the specification forbids, made systematically: kind of damage, times structure
 * that is damaged, times active or snapshot tables. The header's own fields are {@link
 * HeaderDamages}.
 */
final class Damages {

  private static final long RESERVED_LOW = 1L << 5;
  private static final long RESERVED_HIGH = 1L << 60;

  private final List<Damage> all = new ArrayList<>();

  private Damages() {}

  /** For an image with everything in it: snapshots, compressed clusters, bitmaps. */
  static List<Damage> ofAFullImage() {
    Damages damages = new Damages();
    damages.plain();
    damages.refcounts(ownersAmongBitmaps());
    damages.bitmaps();
    return damages.all;
  }

  /** For one without bitmaps. */
  static List<Damage> ofAPlainImage() {
    Damages damages = new Damages();
    damages.plain();
    return damages.all;
  }

  private void plain() {
    for (boolean active : new boolean[] {true, false}) {
      l1Entries(active);
      dataEntries(active);
    }
    compressed();
    preallocated();
    refcountTable();
    refcounts(owners());
    sharedRefcounts();
    snapshots();
  }

  private void add(String name, Damage.Wound wound) {
    all.add(new Damage(name, wound));
  }

  /** Targets that no pointer to a cluster may have. */
  private static Map<String, ToLongFunction<Anatomy>> badTargets() {
    Map<String, ToLongFunction<Anatomy>> targets = new LinkedHashMap<>();
    targets.put("just behind the end", image -> image.end().bytes());
    targets.put("behind the end", image -> image.end().bytes() + 50 * image.cluster);
    targets.put("far behind the end", image -> 1L << 55);
    targets.put("on the header", image -> 512 * 8 / image.cluster * image.cluster);
    targets.put("on the L1 table", image -> image.header.l1().offset().bytes());
    targets.put("on a snapshot's L1 table", image -> image.l1(false).offset().bytes());
    targets.put("on the refcount table", image -> image.header.refcountTable().offset().bytes());
    targets.put("on a refcount block", image -> image.refcountBlock(0));
    targets.put("on the snapshot table", image -> image.header.snapshots().offset().bytes());
    targets.put("on another L2 table", image -> image.l2Table(true, 1));
    targets.put("on another data cluster", image -> image.data(true) + image.cluster);
    targets.put("on a free cluster", Anatomy::freeCluster);
    return targets;
  }

  private static String of(boolean active) {
    return active ? "" : " of a snapshot";
  }

  private void l1Entries(boolean active) {
    String what = "L1 entry" + of(active) + " ";
    badTargets()
        .forEach(
            (name, target) ->
                add(
                    what + name,
                    image ->
                        image.put(
                            image.l1EntryAt(active, 0),
                            target.applyAsLong(image) | (active ? L1Entry.COPIED : 0))));
    add(what + "not aligned", image -> image.flip(image.l1EntryAt(active, 0), 512));
    add(what + "lost", image -> image.put(image.l1EntryAt(active, 0), 0));
    add(what + "with COPIED alone", image -> image.put(image.l1EntryAt(active, 0), L1Entry.COPIED));
    add(what + "low reserved bit", image -> image.flip(image.l1EntryAt(active, 0), RESERVED_LOW));
    add(what + "high reserved bit", image -> image.flip(image.l1EntryAt(active, 0), RESERVED_HIGH));
    add(what + "COPIED wrong", image -> image.flip(image.l1EntryAt(active, 0), L1Entry.COPIED));
    add(
        what + "all COPIED wrong",
        image -> {
          for (int n = 0; n < 2; n++) {
            image.flip(image.l1EntryAt(active, n), L1Entry.COPIED);
          }
        });
    add(
        what + "twice",
        image -> image.put(image.l1EntryAt(active, 1), image.longAt(image.l1EntryAt(active, 0))));
  }

  private void dataEntries(boolean active) {
    String what = "data entry" + of(active) + " ";
    badTargets()
        .forEach(
            (name, target) ->
                add(
                    what + name,
                    image ->
                        image.put(
                            image.dataEntryAt(active),
                            target.applyAsLong(image) | (active ? L2Entry.COPIED_FLAG : 0))));
    add(what + "not aligned", image -> image.flip(image.dataEntryAt(active), 512));
    add(what + "lost", image -> image.put(image.dataEntryAt(active), 0));
    add(what + "low reserved bit", image -> image.flip(image.dataEntryAt(active), RESERVED_LOW));
    add(what + "high reserved bit", image -> image.flip(image.dataEntryAt(active), RESERVED_HIGH));
    add(what + "COPIED wrong", image -> image.flip(image.dataEntryAt(active), L2Entry.COPIED_FLAG));
    add(
        what + "twice",
        image -> image.put(image.dataEntryAt(active) + 8, image.longAt(image.dataEntryAt(active))));
    add(
        what + "taken for compressed",
        image -> image.flip(image.dataEntryAt(active), L2Entry.COMPRESSED_FLAG));
    add(
        what + "in its own table",
        image -> image.put(image.dataEntryAt(active), image.l2Table(active, 0)));
  }

  private void compressed() {
    String what = "compressed entry ";
    badTargets()
        .forEach(
            (name, target) ->
                add(
                    what + name,
                    image ->
                        image.put(
                            image.compressedEntryAt(),
                            L2Entry.compressed(
                                    target.applyAsLong(image) & (1L << 54) - 1,
                                    512,
                                    image.geometry.clusterBits())
                                .descriptor())));
    add(what + "COPIED", image -> image.flip(image.compressedEntryAt(), L2Entry.COPIED_FLAG));
    add(
        what + "twice",
        image -> image.put(image.compressedEntryAt() + 8, image.longAt(image.compressedEntryAt())));
    add(what + "lost", image -> image.put(image.compressedEntryAt(), 0));
    add(
        what + "of the greatest length",
        image ->
            image.put(
                image.compressedEntryAt(), image.longAt(image.compressedEntryAt()) | 0xFL << 58));
    add(
        what + "reaching over the end",
        image -> {
          long start = image.file.length() - 512;
          image.put(
              image.compressedEntryAt(),
              L2Entry.compressed(start, 2048, image.geometry.clusterBits()).descriptor());
        });
  }

  private void preallocated() {
    String what = "preallocated zero ";
    add(what + "not aligned", image -> image.flip(prealloc(image), 512));
    add(what + "on the header", image -> image.put(prealloc(image), 512 | 1));
    add(what + "behind the end", image -> image.put(prealloc(image), image.end().bytes() | 1));
    add(what + "far, not aligned", image -> image.put(prealloc(image), (1L << 55) + 512 | 1));
    add(what + "COPIED wrong", image -> image.flip(prealloc(image), L2Entry.COPIED_FLAG));
    add(what + "reserved bit", image -> image.flip(prealloc(image), RESERVED_LOW));
    add(
        what + "of a snapshot not aligned",
        image -> image.flip(image.l2EntryAt(false, 0, Anatomy::isPreallocated), 512));
  }

  private static long prealloc(Anatomy image) {
    return image.l2EntryAt(true, 0, Anatomy::isPreallocated);
  }

  private void refcountTable() {
    String what = "refcount table entry ";
    badTargets()
        .forEach(
            (name, target) -> {
              if (!name.equals("on a refcount block")) {
                add(
                    what + name,
                    image -> image.put(image.refcountTableEntryAt(0), target.applyAsLong(image)));
              }
            });
    add(what + "lost", image -> image.put(image.refcountTableEntryAt(0), 0));
    add(what + "not aligned", image -> image.flip(image.refcountTableEntryAt(0), 512));
    add(what + "reserved bit", image -> image.flip(image.refcountTableEntryAt(0), 1));
    add(what + "negative", image -> image.flip(image.refcountTableEntryAt(0), 1L << 63));
    add(what + "twice", image -> image.put(image.refcountTableEntryAt(1), image.refcountBlock(0)));
    add(
        what + "unused, reserved bit",
        image -> image.flip(image.refcountTableEntryAt(7), RESERVED_LOW));
    add(
        what + "unused, just behind the end",
        image -> image.put(image.refcountTableEntryAt(7), image.end().bytes()));
    add(
        what + "unused, on a free cluster",
        image -> image.put(image.refcountTableEntryAt(7), image.freeCluster()));
    add(
        what + "unused, on data",
        image -> image.put(image.refcountTableEntryAt(7), image.data(true)));
  }

  /** Whose refcount to damage. */
  private static Map<String, ToLongFunction<Anatomy>> owners() {
    Map<String, ToLongFunction<Anatomy>> owners = new LinkedHashMap<>();
    owners.put("the header", image -> 0);
    owners.put("the L1 table", image -> image.header.l1().offset().bytes());
    owners.put("an L2 table", image -> image.l2Table(true, 0));
    owners.put("a data cluster", image -> image.data(true));
    owners.put("a compressed cluster", image -> image.compressed().start().bytes());
    owners.put("the refcount table", image -> image.header.refcountTable().offset().bytes());
    owners.put("a refcount block", image -> image.refcountBlock(0));
    owners.put("the snapshot table", image -> image.header.snapshots().offset().bytes());
    owners.put("a snapshot's L1 table", image -> image.l1(false).offset().bytes());
    owners.put("a snapshot's L2 table", image -> image.l2Table(false, 0));
    owners.put("a snapshot's data", image -> image.data(false));
    owners.put("a free cluster", Anatomy::freeCluster);
    return owners;
  }

  private static Map<String, ToLongFunction<Anatomy>> ownersAmongBitmaps() {
    Map<String, ToLongFunction<Anatomy>> owners = new LinkedHashMap<>();
    owners.put("the bitmap directory", Anatomy::bitmapDirectory);
    owners.put("a bitmap table", Anatomy::bitmapTable);
    owners.put("a bitmap", image -> image.longAt(image.bitmapEntryAt()) & L2Entry.OFFSET_MASK);
    return owners;
  }

  private void refcounts(Map<String, ToLongFunction<Anatomy>> owners) {
    owners.forEach(
        (name, owner) -> {
          String what = "refcount of " + name + " ";
          add(
              what + "too high",
              image -> {
                long at = owner.applyAsLong(image);
                image.setRefcount(at, image.refcount(at) + 1);
              });
          add(what + "far too high", image -> image.setRefcount(owner.applyAsLong(image), 0xFFFF));
          if (!name.equals("a free cluster")) {
            add(what + "zero", image -> image.setRefcount(owner.applyAsLong(image), 0));
          }
        });
  }

  private void sharedRefcounts() {
    for (String shared : List.of("a snapshot's L2 table", "a snapshot's data")) {
      add(
          "refcount of " + shared + " too low",
          image -> {
            long at = owners().get(shared).applyAsLong(image);
            image.setRefcount(at, Math.max(1, image.refcount(at) - 1));
          });
    }
    add(
        "refcount block full of zeroes",
        image -> image.file.punch(image.refcountBlock(0), image.cluster));
    add(
        "refcounts too high and too low",
        image -> {
          image.setRefcount(image.data(true), 0);
          image.setRefcount(image.l2Table(true, 0), 7);
          image.setRefcount(image.freeCluster(), 2);
        });
  }

  private void snapshots() {
    String what = "snapshot ";
    add(what + "L1 not aligned", image -> image.flip(image.snapshotAt(0), 512));
    add(what + "L1 nowhere", image -> image.put(image.snapshotAt(0), 0));
    add(what + "L1 behind the end", image -> image.put(image.snapshotAt(0), image.end().bytes()));
    add(what + "L1 far behind the end", image -> image.put(image.snapshotAt(0), 1L << 60));
    add(what + "L1 negative", image -> image.put(image.snapshotAt(0), 1L << 63));
    add(
        what + "L1 on the active one",
        image -> image.put(image.snapshotAt(0), image.header.l1().offset().bytes()));
    add(what + "L1 on data", image -> image.put(image.snapshotAt(0), image.data(true)));
    add(
        what + "L1 of another",
        image -> image.put(image.snapshotAt(0), image.snapshots.get(1).l1().offset().bytes()));
    add(what + "L1 too large", image -> image.putInt(image.snapshotAt(0) + 8, 0x0040_0001));
    add(what + "L1 negative size", image -> image.putInt(image.snapshotAt(0) + 8, -1));
    add(
        what + "L1 larger than the file",
        image -> image.putInt(image.snapshotAt(0) + 8, 0x0040_0000));
    add(what + "L1 empty", image -> image.putInt(image.snapshotAt(0) + 8, 0));
    add(what + "L1 longer", image -> image.putInt(image.snapshotAt(0) + 8, 10));
    add(what + "extra data too long", image -> image.putInt(image.snapshotAt(0) + 36, 1025));
    add(what + "extra data huge", image -> image.putInt(image.snapshotAt(0) + 36, 1 << 30));
    add(what + "extra data negative", image -> image.putInt(image.snapshotAt(0) + 36, -1));
    add(what + "extra data short", image -> image.putInt(image.snapshotAt(0) + 36, 8));
    add(what + "(last) extra data short", image -> image.putInt(image.snapshotAt(1) + 36, 8));
    add(what + "without extra data", image -> image.putInt(image.snapshotAt(0) + 36, 0));
    add(what + "name long", image -> image.putShort(image.snapshotAt(0) + 14, 0xFFFF));
    add(what + "id long", image -> image.putShort(image.snapshotAt(0) + 12, 0xFFFF));
    add(what + "entry zeroed", image -> image.file.punch(image.snapshotAt(0), 40));
  }

  private void bitmaps() {
    String what = "bitmap ";
    add(what + "directory behind the end", image -> directory(image, 16, image.end().bytes()));
    add(what + "directory not aligned", image -> directory(image, 16, image.bitmapDirectory() + 8));
    add(what + "directory nowhere", image -> directory(image, 16, 0));
    add(what + "directory empty", image -> directory(image, 8, 0));
    add(what + "directory longer", image -> directory(image, 8, 48));
    add(what + "directory huge", image -> directory(image, 8, 1L << 40));
    add(
        what + "count too high",
        image ->
            image.putInt(image.bitmapsExtensionAt(), image.intAt(image.bitmapsExtensionAt()) + 1));
    add(what + "count zero", image -> image.putInt(image.bitmapsExtensionAt(), 0));
    add(what + "extension reserved", image -> image.putInt(image.bitmapsExtensionAt() + 4, 1));
    add(
        what + "table behind the end",
        image -> image.put(image.bitmapDirectory(), image.end().bytes()));
    add(what + "table not aligned", image -> image.flip(image.bitmapDirectory(), 512));
    add(what + "table nowhere", image -> image.put(image.bitmapDirectory(), 0));
    add(what + "table empty", image -> image.putInt(image.bitmapDirectory() + 8, 0));
    add(what + "table huge", image -> image.putInt(image.bitmapDirectory() + 8, -1));
    add(what + "table longer", image -> image.putInt(image.bitmapDirectory() + 8, 5));
    add(what + "flags reserved", image -> image.putInt(image.bitmapDirectory() + 12, 0x80));
    add(what + "flags in use", image -> image.putInt(image.bitmapDirectory() + 12, 3));
    add(what + "type unknown", image -> image.putByte(image.bitmapDirectory() + 16, 2));
    add(what + "granularity too fine", image -> image.putByte(image.bitmapDirectory() + 17, 8));
    add(what + "granularity too coarse", image -> image.putByte(image.bitmapDirectory() + 17, 32));
    add(what + "name long", image -> image.putShort(image.bitmapDirectory() + 18, 1024));
    add(what + "extra data", image -> image.putInt(image.bitmapDirectory() + 20, 8));
    add(what + "extra data of its own", image -> extraData(image, 2));
    add(what + "extra data of its own, compatible", image -> extraData(image, 6));
    add(
        what + "extra data compatible, but none",
        image -> image.putInt(image.bitmapDirectory() + 12, 6));
    add(what + "data not aligned", image -> image.flip(image.bitmapEntryAt(), 512));
    add(what + "data reserved bit", image -> image.flip(image.bitmapEntryAt(), 2));
    add(what + "data all ones", image -> image.flip(image.bitmapEntryAt(), 1));
    add(
        what + "data behind the end",
        image -> image.put(image.bitmapEntryAt(), image.end().bytes() + image.cluster));
    add(what + "data on data", image -> image.put(image.bitmapEntryAt(), image.data(true)));
    add(
        what + "in use, data not aligned",
        image -> {
          image.putInt(image.bitmapDirectory() + 12, 3);
          image.flip(image.bitmapEntryAt(), 512);
        });
  }

  /** The first byte of the name becomes extra data. */
  private static void extraData(Anatomy image, int flags) {
    image.putInt(image.bitmapDirectory() + 12, flags);
    image.putShort(image.bitmapDirectory() + 18, 2);
    image.putInt(image.bitmapDirectory() + 20, 1);
  }

  private static void directory(Anatomy image, int field, long value) {
    image.put(image.bitmapsExtensionAt() + field, value);
  }
}
