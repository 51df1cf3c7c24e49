package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/**
 * Two images of one combination, one made by us and one by QEMU, that live through the same
 * changes; after each round the writers change places.
 */
final class Twins {

  private static final int OPERATIONS = 14;

  private final Path folder;
  private final Combination combination;
  private final Random random;

  /** Clusters that any operation so far was about. */
  private final BitSet touched = new BitSet();

  private byte[] model;
  private Path ourTurn;
  private Path theirTurn;

  Twins(Path folder, Combination combination, long seed) {
    this.folder = folder;
    this.combination = combination;
    this.random = new Random(seed);
    this.ourTurn = folder.resolve("a.qcow2");
    this.theirTurn = folder.resolve("b.qcow2");
    this.model = new byte[(int) combination.virtualSize()];
  }

  void live() throws IOException {
    make();
    round();
    if (combination.snapshots()) {
      byte[] then = model.clone();
      snapshot("s0");
      round();
      snapshot("s1");
      revert("s0");
      model = then;
      round();
      delete("s1");
    }
    round();
  }

  private void make() throws IOException {
    makeBelow();
    MemoryBlockFile ours = new MemoryBlockFile(ourTurn.toString());
    CreateOptions options = combination.ours(dataOf(ourTurn));
    if (hasDataFile()) {
      Qcow2Image.create(ours, HostFile.createNew(dataOf(ourTurn)), options).close();
    } else {
      NewImage.create(ours, options);
    }
    ours.store(ourTurn);
    List<Object> arguments = new ArrayList<>(combination.theirs(dataOf(theirTurn)));
    arguments.addAll(List.of(theirTurn, combination.virtualSize()));
    Qemu.img(arguments.toArray()).orFail();
  }

  private boolean hasDataFile() {
    return combination.data() != Combination.Data.INSIDE;
  }

  private static Path dataOf(Path image) {
    return image.resolveSibling(image.getFileName() + ".data");
  }

  /** Shorter than the disk above it, and not by whole clusters. */
  private void makeBelow() throws IOException {
    if (combination.below() == Combination.Below.NOTHING) {
      return;
    }
    Path below = folder.resolve("below");
    byte[] content = new byte[model.length / 4 * 3 / 512 * 512];
    if (combination.below() == Combination.Below.RAW) {
      random.nextBytes(content);
      Files.write(below, content);
    } else {
      int from = content.length / 5;
      int length = content.length / 2;
      Arrays.fill(content, from, from + length, (byte) 0x77);
      Qemu.img("create", "-q", "-f", "qcow2", below, content.length).orFail();
      Qemu.io(below, "write -P 0x77 %d %d".formatted(from, length)).orFail();
    }
    System.arraycopy(content, 0, model, 0, content.length);
  }

  private Qcow2Image open(MemoryBlockFile file, Path path, boolean readOnly) throws IOException {
    return Qcow2Image.open(file, readOnly, BackingFiles.of(path));
  }

  /** The same operations on both, then both are judged and change hands. */
  private void round() throws IOException {
    List<Operation> operations = new ArrayList<>();
    for (int i = 0; i < OPERATIONS; i++) {
      operations.add(possible(Operation.random(random, combination)));
    }
    operations.forEach(operation -> operation.apply(model, combination));
    onOurs(
        image -> {
          for (Operation operation : operations) {
            operation.apply(image);
          }
        });
    Qemu.io(theirTurn, operations.stream().map(Operation::command).toArray(String[]::new)).orFail();
    try {
      judge();
    } catch (AssertionError e) {
      throw new AssertionError("after " + operations + ": " + e.getMessage(), e);
    }
  }

  /** QEMU fails a compressed write to a cluster that has space of its own, or is outside. */
  private Operation possible(Operation wanted) {
    int cluster = combination.clusterSize();
    int first = wanted.offset() / cluster;
    int end = Math.ceilDiv(wanted.offset() + wanted.length(), cluster);
    boolean compressed = wanted.kind() == Operation.Kind.COMPRESSED;
    boolean fresh = touched.get(first, end).isEmpty() && !hasDataFile();
    touched.set(first, end);
    return compressed && !fresh ? wanted.uncompressed() : wanted;
  }

  /** Something done to an image. */
  @FunctionalInterface
  private interface Change {
    void apply(Qcow2Image image) throws IOException;
  }

  private void onOurs(Change change) throws IOException {
    MemoryBlockFile file = MemoryBlockFile.load(ourTurn);
    try (Qcow2Image image = open(file, ourTurn, false)) {
      change.apply(image);
    }
    file.store(ourTurn);
  }

  private void snapshot(String name) throws IOException {
    Instant time = Instant.ofEpochSecond(1_700_000_000);
    UUID id = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    onOurs(image -> image.createSnapshot(new SnapshotSpec(id, name, time, new byte[0])));
    Qemu.img("snapshot", "-c", name, theirTurn).orFail();
  }

  private void revert(String name) throws IOException {
    onOurs(image -> image.revertToSnapshot(name));
    Qemu.img("snapshot", "-a", name, theirTurn).orFail();
  }

  private void delete(String name) throws IOException {
    onOurs(image -> image.deleteSnapshot(name));
    Qemu.img("snapshot", "-d", name, theirTurn).orFail();
  }

  private void judge() throws IOException {
    for (Path image : List.of(ourTurn, theirTurn)) {
      // In a file with many holes QEMU's map also tells of these, which ours does not look for.
      Files.write(image, Files.readAllBytes(image));
      if (hasDataFile()) {
        Files.write(dataOf(image), Files.readAllBytes(dataOf(image)));
      }
      sameJson(image, "check");
      sameJson(image, "map");
      settle(image);
      sameJson(image, "info");
    }
    Qemu.img("compare", "-f", "qcow2", "-F", "qcow2", ourTurn, theirTurn).orFail();
    reads(ourTurn);
    reads(theirTurn);
    Path swapped = ourTurn;
    ourTurn = theirTurn;
    theirTurn = swapped;
  }

  /** A file system gives a file its space when it likes, and info tells how much that is. */
  private static void settle(Path image) throws IOException {
    try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
      file.force(true);
    }
  }

  /** Field by field, and with one exit code. */
  private static void sameJson(Path image, String verb) throws IOException {
    Qemu.Result theirs = Qemu.img(verb, "-f", "qcow2", "--output=json", image).orFail();
    ImageVerb ours = ImageVerb.run(verb, "-f", "qcow2", "--output=json", image).orFail();
    assertEquals(ImageVerb.parse(theirs.output()), ours.json(), verb + " " + image.getFileName());
  }

  private void reads(Path path) throws IOException {
    try (Qcow2Image image = open(MemoryBlockFile.load(path), path, true)) {
      ByteBuffer all = ByteBuffer.allocate(model.length);
      image.read(new GuestOffset(0), all);
      assertArrayEquals(model, all.array(), "content of " + path.getFileName());
    }
    if (combination.data() == Combination.Data.RAW) {
      byte[] alone = Arrays.copyOf(Files.readAllBytes(dataOf(path)), model.length);
      assertArrayEquals(model, alone, "raw data file of " + path.getFileName());
    }
  }
}
