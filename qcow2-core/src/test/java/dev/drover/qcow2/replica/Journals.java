package dev.drover.qcow2.replica;

import static dev.drover.qcow2.replica.MiniEngine.CLUSTER;
import static dev.drover.qcow2.replica.MiniEngine.TABLE_SPAN;
import static dev.drover.qcow2.replica.MiniEngine.write;
import static dev.drover.qcow2.replica.MiniEngine.zero;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Journals spelt as words: a letter is an operation, its place makes its bytes its own. */
final class Journals {

  /** Two whole L2 tables and a partial cluster under a third. */
  static final int DISK = (int) (2 * TABLE_SPAN + CLUSTER + 512);

  static final String LETTERS = "wfgxpbdkzaemstDRGS";

  /** Needs a larger L1 table. */
  private static final long LARGE = 3 * TABLE_SPAN + 512;

  private static final long SMALL = 2 * TABLE_SPAN + 512;

  /** The slice that always runs; each word is here for a reason that some defect has shown. */
  static final List<String> WORDS =
      List.of(
          "wfp",
          "xxd",
          "fdf",
          "wzk",
          "fkp",
          "mam",
          "eae",
          "fsf",
          "xsx",
          "fsg",
          "fsgp",
          "fsd",
          "fsk",
          "ssw",
          "ftdtw",
          "ftdtx",
          "fdtgtx",
          "fspsz",
          "xdsx",
          "fsgDp",
          "fsfRp",
          "fspssDRD",
          "eSGe",
          "xsGeR",
          "esSDG",
          "GxsaRD",
          "fgsDb");

  private Journals() {}

  static List<Op> journal(String word) {
    List<Op> ops = new ArrayList<>();
    Model model = Model.empty(DISK);
    for (int i = 0; i < word.length(); i++) {
      Op op = op(word.charAt(i), i + 1, model);
      model = model.after(op, i);
      ops.add(op);
    }
    return ops;
  }

  private static Op op(char letter, int n, Model now) {
    int v = n * 16 + 1;
    List<Integer> snapshots = List.copyOf(now.snapshots().keySet());
    return switch (letter) {
      case 'w' -> change(write(100, 5000, v)); // two new clusters, both partial
      case 'f' -> change(write(0, 2 * CLUSTER, v + 1)); // whole clusters
      case 'g' -> change(write(2 * CLUSTER, 2 * CLUSTER, v + 8)); // other whole clusters
      case 'x' -> change(write(TABLE_SPAN - 6000, 12000, v + 2)); // over two L2 tables
      case 'p' -> change(write(4000, 200, v + 3)); // parts of two clusters
      case 'b' ->
          change(write(10, 10, v + 9), write(3 * CLUSTER + 10, 10, v + 9)); // and not between
      case 'd' -> change(zero(0, 2 * CLUSTER, false)); // discard
      case 'k' -> change(zero(0, 2 * CLUSTER, true)); // zero, keep the space
      case 'z' -> change(zero(3000, 3000, false)); // partial zeroes
      case 'a' -> change(zero(0, now.size(), false)); // everything
      case 'e' -> change(write(now.size() - 700, 700, v + 4)); // the partial last cluster
      case 'm' -> // several changes in one batch, some overwritten
          change(
              write(0, 3 * CLUSTER, v + 5),
              zero(CLUSTER, CLUSTER, false),
              write(CLUSTER + 100, 50, v + 6),
              write(TABLE_SPAN, CLUSTER, v + 7));
      case 's' -> new Op.Snapshot();
      case 't' -> new Op.Settle();
      case 'D' -> snapshots.isEmpty() ? new Op.Settle() : new Op.Delete(snapshots.getFirst());
      case 'R' -> snapshots.isEmpty() ? new Op.Settle() : new Op.Revert(snapshots.getLast());
      case 'G' -> new Op.Resize(LARGE);
      case 'S' -> new Op.Resize(SMALL);
      default -> throw new IllegalArgumentException("no operation " + letter);
    };
  }

  private static Op change(GuestChange... changes) {
    return new Op.Change(List.of(changes));
  }

  /** Every word of {@code drover.length} letters (3), behind the always-on ones. */
  static List<String> exhaustive() {
    List<String> words = List.of("");
    for (int i = 0; i < Integer.getInteger("drover.length", 3); i++) {
      words =
          words.stream()
              .flatMap(word -> LETTERS.chars().mapToObj(letter -> word + (char) letter))
              .toList();
    }
    List<String> all = new ArrayList<>(WORDS);
    all.addAll(words);
    return all;
  }

  /** An empty replica of that disk. */
  static MemoryBlockFile emptyReplica() throws IOException {
    MemoryBlockFile empty = new MemoryBlockFile("replica.qcow2");
    ReplicaImage.create(empty, DISK, CLUSTER, MiniEngine.payload(0, 0)).close();
    return empty;
  }

  /** The same disk in clusters of 16 KiB with extended L2 entries. */
  static MemoryBlockFile emptyReplicaWithSubclusters() throws IOException {
    MemoryBlockFile empty = new MemoryBlockFile("replica.qcow2");
    NewImage.create(
        empty,
        CreateOptions.ofSize(DISK)
            .withClusterSize(16 << 10)
            .withExtendedL2(true)
            .withReplicaState(MiniEngine.payload(0, 0)));
    return empty;
  }
}
