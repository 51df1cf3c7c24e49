package dev.drover.qcow2.fuzz;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** Small healthy images of every kind: where fuzzing and byte flips begin. */
public final class SeedImages {

  private static final int DISK = 20 << 10;

  /** Fuzzing mutates whole files: what is larger is not worth its time. */
  private static final int MAX_BYTES = 128 << 10;

  private SeedImages() {}

  /** By a name; a few kilobytes each. */
  public static Map<String, MemoryBlockFile> all() throws IOException {
    Map<String, MemoryBlockFile> images = new LinkedHashMap<>();
    CreateOptions small = CreateOptions.ofSize(DISK).withClusterSize(512);
    images.put("empty", create("empty", small));
    images.put("written", written("written", small));
    images.put("snapshots", withSnapshots("snapshots", small));
    images.put("version 2", withSnapshots("v2", small.withVersion(FormatVersion.V2)));
    images.put("bits 1", written("bits1", small.withRefcountBits(1)));
    images.put("bits 64", withSnapshots("bits64", small.withRefcountBits(64)));
    images.put("bitmaps", withBitmaps("bitmaps", small));
    images.put("data file", external("data", small, false));
    images.put("raw data file", external("raw", small, true));
    images.put("large clusters", written("large", small.withClusterSize(4096)));
    images.put("subclusters", withSubclusters("subclusters", small));
    images.put("backing", overBacking("backing", small));
    images.put("compressed", withCompressed("compressed", small));
    for (MemoryBlockFile image : images.values()) {
      // Space that was set aside and given back would only be noise to a fuzzer.
      image.setLength(ImageCheck.check(image, Repair.NONE).imageEndOffset());
      if (image.length() > MAX_BYTES) {
        throw new IllegalStateException(image.name() + " has " + image.length() + " bytes");
      }
    }
    return images;
  }

  private static MemoryBlockFile create(String name, CreateOptions options) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile(name);
    Qcow2Image.create(file, options).close();
    return file;
  }

  private static MemoryBlockFile written(String name, CreateOptions options) throws IOException {
    MemoryBlockFile file = create(name, options);
    fill(file);
    return file;
  }

  private static void fill(MemoryBlockFile file) throws IOException {
    try (Qcow2Image image = HostileImage.openForWriting(file)) {
      write(image, 0, 3000, 1);
      write(image, 9000, 600, 2);
      image.writeZeroes(new GuestOffset(512), 1024, true);
      image.writeZeroes(new GuestOffset(2048), 512, false);
    }
  }

  private static MemoryBlockFile overBacking(String name, CreateOptions options)
      throws IOException {
    MemoryBlockFile file = new MemoryBlockFile(name);
    NewImage.create(file, options.withBacking(BackingReference.raw("below.raw")));
    fill(file);
    return file;
  }

  private static MemoryBlockFile withCompressed(String name, CreateOptions options)
      throws IOException {
    MemoryBlockFile file = withSnapshots(name, options);
    try (Qcow2Image image = HostileImage.openForWriting(file)) {
      for (long at : new long[] {0, 4096, 16384}) {
        image.writeCompressed(new GuestOffset(at), ByteBuffer.allocate(1024).putLong(100, at + 1));
      }
    }
    return file;
  }

  /** Where the guest's bytes are is no fuzzer's business: only what leads to them. */
  private static MemoryBlockFile external(String name, CreateOptions options, boolean raw)
      throws IOException {
    MemoryBlockFile file = new MemoryBlockFile(name);
    MemoryBlockFile data = new MemoryBlockFile("data");
    try (Qcow2Image image = Qcow2Image.create(file, data, options.withDataFile(data.name(), raw))) {
      write(image, 0, 3000, 1);
      write(image, 9000, 600, 2);
      image.writeZeroes(new GuestOffset(512), 1024, true);
      image.writeZeroes(new GuestOffset(2048), 512, false);
    }
    return file;
  }

  private static MemoryBlockFile withSnapshots(String name, CreateOptions options)
      throws IOException {
    MemoryBlockFile file = written(name, options);
    try (Qcow2Image image = HostileImage.openForWriting(file)) {
      for (int n = 1; n <= 2; n++) {
        image.createSnapshot(
            new SnapshotSpec(new UUID(0, n), "s" + n, Instant.ofEpochSecond(n), new byte[0]));
        write(image, n * 700L, 900, 10 + n);
      }
    }
    return file;
  }

  /** Extended L2 entries of every kind; the smallest clusters that they can have are large. */
  private static MemoryBlockFile withSubclusters(String name, CreateOptions options)
      throws IOException {
    int cluster = 16 << 10;
    MemoryBlockFile file =
        create(
            name,
            options.withVirtualSize(3 * cluster).withClusterSize(cluster).withExtendedL2(true));
    try (Qcow2Image image = HostileImage.openForWriting(file)) {
      write(image, 0, 3000, 1);
      image.writeZeroes(new GuestOffset(512), 1024, true);
      image.writeCompressed(new GuestOffset(cluster), ByteBuffer.allocate(cluster));
      image.writeZeroes(new GuestOffset(2L * cluster + 700), 3000, false);
    }
    return file;
  }

  private static MemoryBlockFile withBitmaps(String name, CreateOptions options)
      throws IOException {
    MemoryBlockFile file = written(name, options);
    try (Qcow2Image image = HostileImage.openForWriting(file)) {
      image.bitmaps().add("follows", 512, true);
      image.bitmaps().add("still", 4096, false);
      write(image, 700, 900, 11);
      image.bitmaps().merge("still", image.bitmaps(), "follows");
    }
    return file;
  }

  private static void write(Qcow2Image image, long at, int bytes, int value) throws IOException {
    byte[] content = new byte[bytes];
    java.util.Arrays.fill(content, (byte) value);
    image.write(new GuestOffset(at), ByteBuffer.wrap(content));
  }
}
