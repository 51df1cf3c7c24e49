package dev.drover.qcow2;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A few files that are one disk, and a verb that changes some of them: for runs in which anything
 * may fail. Clusters of 512 bytes; each byte of the disk tells which file it is from.
 *
 * @param files by name, {@code over.qcow2} on top
 * @param changed the names of those that the verb writes to
 * @param content what the disk shows, before the verb, afterwards, and whatever ends it
 * @param below the name of the file that shows the same when the verb has returned; null: none
 * @param after what {@code over.qcow2} names as its backing file then
 */
record Chain(
    Map<String, MemoryBlockFile> files,
    List<String> changed,
    byte[] content,
    Verb verb,
    String below,
    Optional<BackingReference> after) {

  static final int CLUSTER = 512;
  static final CoreOptions BOUNDS = SmallImages.bounds(CLUSTER, 3, 2);
  private static final String OVER = "over.qcow2";
  private static final BackingReference BASE = BackingReference.qcow2("base.qcow2");

  /** What is done to the files. */
  @FunctionalInterface
  interface Verb {
    void run(Map<String, BlockFile> files) throws IOException;
  }

  /** Every chain that {@link #make} knows. */
  static final List<String> NAMES =
      List.of(
          "commit",
          "commit-snapshot",
          "commit-raw",
          "commit-through",
          "rebase",
          "rebase-alone",
          "rebase-first");

  static Chain make(String name) throws IOException {
    Map<String, MemoryBlockFile> files = new LinkedHashMap<>();
    return switch (name) {
      case "commit" -> commit(files, BASE);
      case "commit-snapshot" -> commit(withSnapshot(files), BASE);
      case "commit-raw" -> commit(files, BackingReference.raw("base.raw"));
      case "commit-through" -> commitThrough(files);
      case "rebase" -> rebase(files, Optional.of(BASE), Optional.of(raw(files, 20)));
      case "rebase-alone" -> rebase(files, Optional.of(BASE), Optional.empty());
      case "rebase-first" -> rebase(files, Optional.empty(), Optional.of(raw(files, 40)));
      default -> throw new IllegalArgumentException("no chain " + name + ", only " + NAMES);
    };
  }

  /** An overlay that is larger than its base. */
  private static Chain commit(Map<String, MemoryBlockFile> files, BackingReference base)
      throws IOException {
    if (base.equals(BASE)) {
      image(files, base.name(), 70, Optional.empty(), 2, 8);
    } else {
      raw(files, 70);
    }
    image(files, OVER, 75, Optional.of(base), 4, 5);
    return of(files, List.of(base.name(), OVER), Chain::empty, base.name(), Optional.of(base));
  }

  private static Map<String, MemoryBlockFile> withSnapshot(Map<String, MemoryBlockFile> files) {
    files.put("snapshot", new MemoryBlockFile("a mark for image()"));
    return files;
  }

  private static void empty(Map<String, BlockFile> files) throws IOException {
    WritableDisk[] base = new WritableDisk[1];
    BackingOpener gate = (_, reference) -> base[0] = open(files, reference, true);
    try (Qcow2Image overlay = Qcow2Image.open(files.get(OVER), false, gate, BOUNDS)) {
      ImageCommit.commit(overlay, base[0], _ -> {});
    }
  }

  /** A short file in between hides what the base has behind its end. */
  private static Chain commitThrough(Map<String, MemoryBlockFile> files) throws IOException {
    image(files, "base.qcow2", 30, Optional.empty(), 2, 25);
    image(files, "mid.qcow2", 12, Optional.of(BASE), 3, 4);
    BackingReference mid = BackingReference.qcow2("mid.qcow2");
    image(files, OVER, 30, Optional.of(mid), 5, 3);
    return of(files, List.of("base.qcow2"), Chain::copyThrough, "base.qcow2", Optional.of(mid));
  }

  private static void copyThrough(Map<String, BlockFile> files) throws IOException {
    WritableDisk[] base = new WritableDisk[1];
    BackingOpener lower = (_, reference) -> base[0] = open(files, reference, true);
    BackingOpener gate = (_, below) -> Qcow2Image.open(files.get(below.name()), true, lower);
    try (Qcow2Image overlay = Qcow2Image.open(files.get(OVER), true, gate)) {
      ImageCommit.copyInto(overlay, base[0], _ -> {});
    }
  }

  private static Chain rebase(
      Map<String, MemoryBlockFile> files,
      Optional<BackingReference> from,
      Optional<BackingReference> onto)
      throws IOException {
    if (from.isPresent()) {
      image(files, from.get().name(), 30, Optional.empty(), 2, 8);
    }
    image(files, OVER, 35, from, 4, 5);
    return of(
        files,
        List.of(OVER),
        opened ->
            ImageRebase.rebase(
                opened.get(OVER),
                (_, reference) -> open(opened, reference, false),
                onto,
                _ -> {},
                BOUNDS),
        null,
        onto);
  }

  private static Chain of(
      Map<String, MemoryBlockFile> files,
      List<String> changed,
      Verb verb,
      String below,
      Optional<BackingReference> after)
      throws IOException {
    files.remove("snapshot");
    return new Chain(files, changed, content(copies(files), OVER), verb, below, after);
  }

  private static BackingReference raw(Map<String, MemoryBlockFile> files, int clusters) {
    MemoryBlockFile file = new MemoryBlockFile("base.raw");
    file.write(ByteBuffer.wrap(bytes(clusters * CLUSTER, 9)), 0);
    files.put("base.raw", file);
    return BackingReference.raw("base.raw");
  }

  /**
   * An image with a part of a cluster, a zero cluster and a compressed one, and {@code count} whole
   * ones from {@code from} on.
   */
  private static void image(
      Map<String, MemoryBlockFile> files,
      String name,
      int clusters,
      Optional<BackingReference> backing,
      int from,
      int count)
      throws IOException {
    MemoryBlockFile file = new MemoryBlockFile(name);
    CreateOptions options =
        CreateOptions.ofSize((long) clusters * CLUSTER).withClusterSize(CLUSTER);
    dev.drover.qcow2.format.NewImage.create(
        file, backing.isPresent() ? options.withBacking(backing.get()) : options);
    files.put(name, file);
    try (Qcow2Image image =
        Qcow2Image.open(file, false, (_, below) -> open(files, below, false), BOUNDS)) {
      image.write(at(from), ByteBuffer.wrap(bytes(count * CLUSTER, from)));
      if (backing.isPresent() && files.containsKey("snapshot")) {
        image.createSnapshot(
            new SnapshotSpec(new java.util.UUID(9, 1), "s", java.time.Instant.EPOCH, new byte[0]));
      }
      image.write(new GuestOffset(200), ByteBuffer.wrap(bytes(100, from + 1)));
      image.writeZeroes(at(from + 1), CLUSTER, true);
      image.writeCompressed(at(from - 1), ByteBuffer.wrap(bytes(CLUSTER, from + 2)));
      image.write(at(clusters - 1), ByteBuffer.wrap(bytes(CLUSTER, from + 3)));
    }
  }

  private static GuestOffset at(int cluster) {
    return new GuestOffset((long) cluster * CLUSTER);
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  static <F extends BlockFile> WritableDisk open(
      Map<String, F> files, BackingReference reference, boolean write) throws IOException {
    F file = files.get(reference.name());
    return reference.format().orElseThrow().equals("raw")
        ? new RawDisk(file)
        : Qcow2Image.open(file, !write, (_, below) -> open(files, below, false), BOUNDS);
  }

  private static Map<String, MemoryBlockFile> copies(Map<String, MemoryBlockFile> files) {
    Map<String, MemoryBlockFile> copies = new LinkedHashMap<>();
    files.forEach((name, file) -> copies.put(name, file.copy()));
    return copies;
  }

  private static byte[] content(Map<String, MemoryBlockFile> files, String top) throws IOException {
    BackingReference reference =
        top.endsWith(".raw") ? BackingReference.raw(top) : BackingReference.qcow2(top);
    try (GuestDisk disk = open(files, reference, false)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) disk.virtualSizeBytes());
      disk.read(GuestOffset.ZERO, bytes);
      return bytes.array();
    }
  }

  /** The files with what is left of those that the verb changed. */
  Map<String, MemoryBlockFile> with(Map<String, MemoryBlockFile> left) {
    Map<String, MemoryBlockFile> all = copies(files);
    all.putAll(left);
    return all;
  }

  /** I-80: the disk is the same, before and after the changed files have recovered. */
  void judge(Map<String, MemoryBlockFile> left, boolean done) throws IOException {
    Map<String, MemoryBlockFile> all = with(left);
    for (String name : changed) {
      if (name.endsWith(".qcow2")) {
        ImageJudge.neverUndercounted(all.get(name));
        Qcow2Image.open(all.get(name), false, (_, below) -> open(all, below, false), BOUNDS)
            .close();
        ImageJudge.settled(all.get(name));
      }
    }
    same(content(all, OVER), "the disk");
    Optional<BackingReference> named = ImageInfo.read(all.get(OVER)).backing();
    if (done && below != null) {
      same(content(all, below), below);
    }
    if (done && !named.equals(after)) {
      throw new InvariantViolation("I-80", "it names " + named + " and not " + after);
    }
  }

  private void same(byte[] shown, String what) {
    int at = Arrays.mismatch(content, shown);
    if (at >= 0) {
      throw new InvariantViolation(
          "I-80", "%s differs at byte %d, cluster %d".formatted(what, at, at / CLUSTER));
    }
  }
}
