package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Small disks with extended L2 entries, whose clusters are of every kind:
 *
 * <pre>
 *   cluster 0    subclusters 0 to 3 written, 4 and 5 zeroed over data, the others holes
 *           1    compressed
 *           2    preallocated
 *           3    written whole
 *           4    a hole, half of it behind the end of the disk
 * </pre>
 */
final class SubclusterScenes {

  static final List<String> NAMES = List.of("sub", "subsnapshot", "subbacked", "sub1k");

  static final String LETTERS = "wWVpxmzkdceastrghf";

  private final String name;
  private final int cluster;
  private final MemoryBlockFile file;
  private final byte[] content;

  private SubclusterScenes(String name, int cluster) {
    this.name = name;
    this.cluster = cluster;
    this.file = new MemoryBlockFile(name + ".qcow2");
    this.content = new byte[4 * cluster + cluster / 2];
  }

  static Scene make(String name) throws IOException {
    return switch (name) {
      case "sub" -> new SubclusterScenes(name, 16 << 10).used(false);
      case "subsnapshot" -> new SubclusterScenes(name, 16 << 10).used(true);
      case "subbacked" -> new SubclusterScenes(name, 16 << 10).backed();
      case "sub1k" -> new SubclusterScenes(name, 32 << 10).used(false);
      default -> throw new IllegalArgumentException("no scene " + name);
    };
  }

  private CoreOptions bounds() {
    return SmallImages.bounds(cluster, 3, 0);
  }

  private CreateOptions options() {
    return CreateOptions.ofSize(content.length).withClusterSize(cluster).withExtendedL2(true);
  }

  private Scene scene(List<DiskModel.Kept> snapshots, BackingOpener backing, boolean hasBacking) {
    return new Scene(
        name,
        LETTERS,
        Alphabet.ofSubclusters(cluster),
        new Stored(file, Optional.empty()),
        new DiskModel(content, snapshots),
        bounds(),
        backing,
        hasBacking,
        List.of(new Scene.Range(0, 7 * cluster)));
  }

  private Scene used(boolean shared) throws IOException {
    int sub = cluster / 32;
    NewImage.create(file, options());
    try (Qcow2Image image = SmallImages.open(file, BackingOpener.REFUSE, bounds())) {
      write(image, 0, 6 * sub, 1);
      image.writeZeroes(new GuestOffset(4L * sub), 2L * sub, true);
      Arrays.fill(content, 4 * sub, 6 * sub, (byte) 0);
      image.writeCompressed(new GuestOffset(cluster), filled(cluster, cluster, 2));
      image.preallocate(new GuestOffset(2L * cluster), cluster);
      write(image, 3 * cluster, cluster, 3);
      if (!shared) {
        return scene(List.of(), BackingOpener.REFUSE, false);
      }
      image.createSnapshot(new SnapshotSpec(new UUID(8, 0), "s0", Instant.EPOCH, new byte[0]));
    }
    return scene(List.of(new DiskModel.Kept("s0", content.clone())), BackingOpener.REFUSE, false);
  }

  private void write(Qcow2Image image, int offset, int length, int value) throws IOException {
    image.write(new GuestOffset(offset), filled(offset, length, value));
  }

  private ByteBuffer filled(int offset, int length, int value) {
    Arrays.fill(content, offset, offset + length, (byte) value);
    return ByteBuffer.wrap(content.clone(), offset, length).slice();
  }

  /** Holes show a disk that ends in the middle of a cluster, between two of its subclusters. */
  private Scene backed() throws IOException {
    NewImage.create(
        file, options().withBacking(new BackingReference("below.raw", Optional.of("raw"))));
    int below = cluster + 5 * (cluster / 32);
    Arrays.fill(content, 0, below, (byte) 9);
    return scene(List.of(), (_, _) -> new Scenes.Below(below), true);
  }
}
