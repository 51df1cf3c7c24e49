package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CompressionType;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** Makes the scenes by name. Each call makes them anew, the same bytes every time. */
final class Scenes {

  private static final String ALL = "wWVpxmzkdDceCastrghf";
  private static final String WITHOUT_STRUCTURE = "wWVpxmzkdDceCaf";

  /** Every scene that {@link #make} knows. */
  static final List<String> NAMES =
      Stream.concat(
              Stream.of(
                  "empty",
                  "used",
                  "snapshot",
                  "backed",
                  "block",
                  "zstd",
                  "1k",
                  "4k",
                  "table",
                  "data",
                  "raw",
                  "bitmaps",
                  "named"),
              SubclusterScenes.NAMES.stream())
          .toList();

  /** The letters that make sense in a scene. */
  static String letters(String name) {
    return switch (name) {
      case "backed" -> WITHOUT_STRUCTURE + "sgh";
      case "zstd" -> WITHOUT_STRUCTURE;
      case "block" -> "wWxmdceCastrf";
      case "table" -> "xm";
      case "data" -> "wWVpxmzkdDaghf";
      case "raw" -> "wWpxzkdDghf";
      case "bitmaps" -> "wxdcastghfbqlnj";
      case "named" -> "wbqf";
      default -> SubclusterScenes.NAMES.contains(name) ? SubclusterScenes.LETTERS : ALL;
    };
  }

  private final String name;
  private final int cluster;
  private final int table;
  private final MemoryBlockFile file;
  private Optional<MemoryBlockFile> data = Optional.empty();
  private byte[] content;

  private Scenes(String name, int cluster) {
    this.name = name;
    this.cluster = cluster;
    this.table = cluster / Long.BYTES * cluster;
    this.file = new MemoryBlockFile(name + ".qcow2");
    this.content = new byte[table + 8 * cluster];
  }

  static Scene make(String name) throws IOException {
    return switch (name) {
      case "empty" -> new Scenes(name, 512).empty();
      case "used" -> new Scenes(name, 512).used();
      case "snapshot" -> new Scenes(name, 512).snapshot();
      case "backed" -> new Scenes(name, 512).backed();
      case "block" -> new Scenes(name, 512).block();
      case "zstd" -> new Scenes(name, 512).zstd();
      case "1k" -> new Scenes(name, 1024).used();
      case "4k" -> new Scenes(name, 4096).snapshot();
      case "table" -> new Scenes(name, 512).table();
      case "data" -> new Scenes(name, 512).external(false);
      case "raw" -> new Scenes(name, 512).external(true);
      case "bitmaps" -> new Scenes(name, 512).bitmaps();
      case "named" -> new Scenes(name, 1024).named();
      case String other when SubclusterScenes.NAMES.contains(other) -> SubclusterScenes.make(other);
      default -> throw new IllegalArgumentException("no scene " + name + ", only " + NAMES);
    };
  }

  private CoreOptions bounds() {
    return SmallImages.bounds(cluster, 3, 2);
  }

  private void create() throws IOException {
    Qcow2Image.create(file, CreateOptions.ofSize(content.length).withClusterSize(cluster)).close();
  }

  private Qcow2Image open() throws IOException {
    return SmallImages.open(file, BackingOpener.REFUSE, bounds());
  }

  private Scene scene(List<DiskModel.Kept> snapshots) {
    DiskModel start = new DiskModel(content, snapshots);
    return scene(start, BackingOpener.REFUSE, false);
  }

  private Scene scene(DiskModel start, BackingOpener backing, boolean hasBacking) {
    List<Scene.Range> watched =
        List.of(
            new Scene.Range(0, 10 * cluster),
            new Scene.Range(table - 3 * cluster, table + 8 * cluster),
            new Scene.Range(2 * table - 2 * cluster, 2 * table + 2 * cluster));
    return new Scene(
        name,
        letters(name),
        Alphabet.ofClusters(cluster),
        new Stored(file, data),
        start,
        bounds(),
        backing,
        hasBacking,
        watched);
  }

  private void write(Qcow2Image image, int offset, int length, int value, boolean compressed)
      throws IOException {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    if (compressed) {
      image.writeCompressed(new GuestOffset(offset), ByteBuffer.wrap(bytes));
    } else {
      image.write(new GuestOffset(offset), ByteBuffer.wrap(bytes));
    }
    System.arraycopy(bytes, 0, content, offset, length);
  }

  private Scene empty() throws IOException {
    create();
    return scene(List.of());
  }

  /** Guest data in a file of its own: written, zeroed and discarded, with holes between. */
  private Scene external(boolean raw) throws IOException {
    MemoryBlockFile dataFile = new MemoryBlockFile(name + ".data");
    data = Optional.of(dataFile);
    CreateOptions options =
        CreateOptions.ofSize(content.length)
            .withClusterSize(cluster)
            .withDataFile(dataFile.name(), raw);
    try (Qcow2Image image = Qcow2Image.create(file, dataFile, options)) {
      write(image, 0, 3 * cluster, 1, false);
      write(image, table - cluster, 2 * cluster, 3, false);
      image.discard(new GuestOffset(cluster), cluster);
      Arrays.fill(content, cluster, 2 * cluster, (byte) 0);
    }
    return scene(new DiskModel(content, List.of()), BackingOpener.REFUSE, true);
  }

  /** Plain, compressed and preallocated clusters under both tables. */
  private Scene used() throws IOException {
    create();
    try (Qcow2Image image = open()) {
      use(image);
    }
    return scene(List.of());
  }

  private void use(Qcow2Image image) throws IOException {
    write(image, 0, 3 * cluster, 1, false);
    write(image, cluster, cluster, 2, true);
    image.preallocate(new GuestOffset(3L * cluster), cluster);
    write(image, table - cluster, cluster, 3, true);
    write(image, table, cluster, 4, false);
  }

  /** The same, all of it shared with a snapshot. */
  private Scene snapshot() throws IOException {
    create();
    try (Qcow2Image image = open()) {
      use(image);
      image.createSnapshot(spec(0));
    }
    return scene(List.of(new DiskModel.Kept("s0", content.clone())));
  }

  private static SnapshotSpec spec(int number) {
    return new SnapshotSpec(new UUID(8, number), "s" + number, Instant.EPOCH, new byte[0]);
  }

  private Scene zstd() throws IOException {
    create();
    CompressionType.set(file, Compression.ZSTD);
    try (Qcow2Image image = open()) {
      use(image);
    }
    return scene(List.of());
  }

  /** Holes show a disk that is shorter, by half a cluster too. */
  private Scene backed() throws IOException {
    NewImage.create(
        file,
        CreateOptions.ofSize(content.length)
            .withClusterSize(cluster)
            .withBacking(new BackingReference("below.raw", Optional.of("raw"))));
    int below = table + cluster + 512 * (cluster / 1024);
    Arrays.fill(content, 0, below, (byte) 9);
    BackingOpener opener = (_, _) -> new Below(below);
    return scene(new DiskModel(content, List.of()), opener, true);
  }

  /** A backing disk full of nines. */
  record Below(int size) implements GuestDisk {
    @Override
    public long virtualSizeBytes() {
      return size;
    }

    @Override
    public void read(GuestOffset offset, ByteBuffer destination) {
      while (destination.hasRemaining()) {
        destination.put((byte) 9);
      }
    }
  }

  /** Two bitmaps with a bit each, one of which follows the disk. */
  private Scene bitmaps() throws IOException {
    create();
    try (Qcow2Image image = open()) {
      use(image);
      image.bitmaps().add("still", Marks.GRANULARITY, true);
      image.bitmaps().add("follows", Marks.GRANULARITY, true);
      write(image, 5 * cluster, cluster, 6, false);
      image.bitmaps().disable("still");
    }
    Marks follows = Marks.none("follows").noting(5 * cluster, cluster);
    Marks still = new Marks("still", false, follows.bits(), true);
    return scene(
        new DiskModel(content, List.of()).withBitmaps(List.of(still, follows)),
        BackingOpener.REFUSE,
        false);
  }

  /** A backing file whose name leaves the first sector no room for bitmaps. */
  private Scene named() throws IOException {
    String name = "b".repeat(350);
    NewImage.create(
        file,
        CreateOptions.ofSize(content.length)
            .withClusterSize(cluster)
            .withBacking(BackingReference.raw(name)));
    Arrays.fill(content, 0, cluster, (byte) 9);
    return scene(new DiskModel(content, List.of()), (_, _) -> new Below(cluster), true);
  }

  /** So full that the next window needs another refcount block. */
  private Scene block() throws IOException {
    create();
    int blockEntries = cluster / 2;
    List<DiskModel.Kept> kept = new ArrayList<>();
    try (Qcow2Image image = open()) {
      for (int i = 0; file.length() / cluster < blockEntries - 3; i++) {
        int at = 10 + i % 40;
        if (at == 10) {
          image.createSnapshot(spec(i));
          kept.add(new DiskModel.Kept("s" + i, content.clone()));
        }
        write(image, at * cluster, cluster, i, false);
        image.flush();
      }
    }
    return scene(kept);
  }

  /** So full that the next refcount block needs a larger refcount table. */
  private Scene table() throws IOException {
    content = new byte[9 << 20];
    create();
    int clusters = cluster / Long.BYTES * (cluster / 2);
    try (Qcow2Image image = open()) {
      for (int at = 3 * table; file.length() / cluster < clusters - 3; ) {
        int more = Math.clamp(clusters - 20 - file.length() / cluster, 1, 100);
        write(image, at, more * cluster, at / cluster, false);
        at += more * cluster;
        image.flush();
      }
    }
    return scene(List.of());
  }
}
