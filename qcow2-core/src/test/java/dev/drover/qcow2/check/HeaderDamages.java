package dev.drover.qcow2.check;

import java.util.ArrayList;
import java.util.List;

/** Damages of the header's fields, and of the file's length. */
final class HeaderDamages {

  private final List<Damage> all = new ArrayList<>();

  private HeaderDamages() {}

  static List<Damage> all() {
    HeaderDamages damages = new HeaderDamages();
    damages.sizes();
    damages.tables();
    damages.features();
    damages.lengths();
    return damages.all;
  }

  private void add(String name, Damage.Wound wound) {
    all.add(new Damage(name, wound));
  }

  private void setInt(String name, int at, int... values) {
    for (int value : values) {
      add("header: " + name + " " + Integer.toUnsignedString(value), i -> i.putInt(at, value));
    }
  }

  private void setLong(String name, int at, long... values) {
    for (long value : values) {
      add("header: " + name + " " + Long.toUnsignedString(value), i -> i.put(at, value));
    }
  }

  private void sizes() {
    setInt("magic", 0, 0);
    setInt("version", 4, 0, 1, 4, -1);
    setInt("cluster bits", 20, 0, 8, 22, -1);
    setLong("virtual size", 24, 0, 512, 1L << 40, 1L << 62, -1);
    setInt("encryption", 32, 1, 2, 3, -1);
    setInt("refcount order", 96, 7, 64, -1);
    setInt("header length", 100, 0, 72, 96, 103, 4104, 1 << 20, -1);
    setLong("backing name offset", 8, 1 << 20, 1L << 40, -1);
    add(
        "header: backing name too long",
        image -> {
          image.put(8, 1000);
          image.putInt(16, 1024);
        });
    add("header: compression type without its bit", image -> image.putByte(104, 1));
    add("header: compression type unknown", image -> image.putByte(104, 7));
  }

  private void tables() {
    setInt("L1 size", 36, 0, 1, 1 << 22, (1 << 22) + 1, -1);
    setLong("L1 offset", 40, 0, 512, 1L << 40, 1L << 62, -4096);
    setLong("refcount table offset", 48, 0, 512, 1L << 40, 1L << 62, -4096);
    setInt("refcount table clusters", 56, 0, 2, 100, 2048, 2049, -1);
    setInt("snapshots", 60, 0, 1, 3, 100, 65536, 65537, -1);
    setLong("snapshot table offset", 64, 0, 512, 1L << 40, 1L << 62, -4096);
    add("header: refcount table on the L1", i -> i.put(48, i.header.l1().offset().bytes()));
    add("header: L1 on the refcount table", i -> i.put(40, i.longAt(48)));
    add("header: refcount table on data", i -> i.put(48, i.data(true)));
    add("header: L1 on data", i -> i.put(40, i.data(true)));
    add("header: snapshot table on data", i -> i.put(64, i.data(true)));
  }

  private void features() {
    setLong("incompatible", 72, 1, 2, 3, 1L << 20, 1L << 63);
    setLong("compatible", 80, 1, 1L << 40);
    setLong("autoclear", 88, 0, 1, 2, 1L << 50);
  }

  private void lengths() {
    for (int bytes : new int[] {0, 3, 10, 71, 103, 104, 111, 112, 200, 512, 4096, 5000}) {
      add("file cut to " + bytes, image -> image.file.setLength(bytes));
    }
    add("file cut by 1", image -> image.file.setLength(image.file.length() - 1));
    add(
        "file cut by a cluster",
        image -> image.file.setLength(image.file.length() - image.cluster));
    add("file cut by half", image -> image.file.setLength(image.file.length() / 2));
    add("file longer by 1", image -> image.file.setLength(image.file.length() + 1));
    add(
        "file longer by many clusters",
        image -> image.file.setLength(image.file.length() + 9 * image.cluster));
  }
}
