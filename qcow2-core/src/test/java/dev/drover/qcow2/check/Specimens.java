package dev.drover.qcow2.check;

import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import java.io.IOException;
import java.nio.file.Path;

/** Healthy images to damage, made by QEMU. */
final class Specimens {

  private static MemoryBlockFile plain;
  private static MemoryBlockFile full;
  private static MemoryBlockFile extended;

  private Specimens() {}

  /** 4 KiB clusters; data, holes, compressed clusters, preallocated zeroes, two snapshots. */
  static synchronized MemoryBlockFile plain(Path folder) throws IOException {
    if (plain == null) {
      Path path = folder.resolve("plain.qcow2");
      Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=4k", path, "8M").orFail();
      Qemu.io(path, "write -P 1 0 100k", "write -P 2 2M 70k", "write -c -P 3 1M 4k").orFail();
      Qemu.io(path, "write -P 9 512k 8k", "write -z 512k 8k", "write -c -P 4 1028k 4k").orFail();
      Qemu.img("snapshot", "-c", "one", path).orFail();
      Qemu.io(path, "write -P 5 30k 20k", "discard 2M 16k", "write -P 6 7M 10k").orFail();
      Qemu.img("snapshot", "-c", "two", path).orFail();
      Qemu.io(path, "write -P 7 0 40k", "write -P 8 600k 8k", "write -z 600k 8k").orFail();
      Qemu.io(path, "write -c -P 9 1032k 4k", "write -P 10 2052k 40k").orFail();
      plain = MemoryBlockFile.load(path);
    }
    return plain.copy();
  }

  /** The same with a bitmap. */
  static synchronized MemoryBlockFile full(Path folder) throws IOException {
    if (full == null) {
      Path path = folder.resolve("full.qcow2");
      plain(folder).store(path);
      Qemu.img("bitmap", "--add", "-g", "64k", path, "map").orFail();
      Qemu.io(path, "write -P 11 4k 40k").orFail();
      full = MemoryBlockFile.load(path);
    }
    return full.copy();
  }

  /** Extended L2 entries: subclusters of every kind, compressed clusters, a snapshot. */
  static synchronized MemoryBlockFile extended(Path folder) throws IOException {
    if (extended == null) {
      Path path = folder.resolve("extended.qcow2");
      Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=16k,extended_l2=on", path, "24M")
          .orFail();
      Qemu.io(path, "write -P 1 0 100k", "write -P 2 17M 70k", "write -c -P 3 1M 16k").orFail();
      Qemu.io(path, "write -P 9 512k 16k", "write -z 512k 16k", "write -P 4 600k 700").orFail();
      Qemu.img("snapshot", "-c", "one", path).orFail();
      Qemu.io(path, "write -P 5 30k 20k", "discard 17M 16k", "write -P 6 7M 10k").orFail();
      Qemu.io(path, "write -P 7 0 3k", "write -z 7m 1k", "write -z 3m 2k").orFail();
      Qemu.io(path, "write -P 9 5M 16k", "write -z 5M 16k", "write -c -P 8 1040k 16k").orFail();
      extended = MemoryBlockFile.load(path);
    }
    return extended.copy();
  }

  /** The image that this is to be done to, of those without bitmaps. */
  static MemoryBlockFile plainFor(Damage damage, Path folder) throws IOException {
    return damage.extendedL2() ? extended(folder) : plain(folder);
  }
}
