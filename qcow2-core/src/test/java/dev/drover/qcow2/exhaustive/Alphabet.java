package dev.drover.qcow2.exhaustive;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * The operations that sequences are made of, a letter each. Their places depend on the cluster size
 * only; what a write writes tells its place in the sequence, so that no two look alike.
 *
 * <pre>
 *   guest cluster   0   1   2   3   4   5   6   …   S−2 S−1 │ S  S+1      S = clusters of a table
 *   w partly       ─w──                        x              ─x───x─
 *   W V whole      ─W── ─V─                    C compressed      C   C
 *   c e compressed ─c── ─e─                    D discards  ─D───D───D───D─
 *   p across         ─p──
 *   m many                 ─m───m───m───m───m─
 *
 *   subcluster      0   1   2   3   4   …  30  31 │ 32  33     extended L2: the same letters
 *   w partly       ─w──                        x              ─x──
 *   W V whole      ─W── ─V─
 *   p across         ─p──
 *   z k zeroes       ─z───z──       kk whole: 0 and 1      c e m d: whole clusters
 * </pre>
 */
final class Alphabet {

  /** Every letter, with what it does. */
  static final Map<Character, String> LETTERS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry('w', "write a part of a cluster"),
              Map.entry('W', "write a whole cluster"),
              Map.entry('V', "write the whole cluster behind it"),
              Map.entry('p', "write across two clusters"),
              Map.entry('x', "write over two L2 tables"),
              Map.entry('m', "write five clusters"),
              Map.entry('z', "zero parts of two clusters"),
              Map.entry('k', "zero two clusters, keeping their space"),
              Map.entry('d', "discard two clusters"),
              Map.entry('D', "discard clusters under two L2 tables"),
              Map.entry('c', "write a cluster compressed"),
              Map.entry('e', "write the next cluster compressed"),
              Map.entry('C', "write clusters under two L2 tables compressed"),
              Map.entry('a', "preallocate three clusters"),
              Map.entry('s', "create a snapshot"),
              Map.entry('t', "delete the oldest snapshot"),
              Map.entry('r', "apply the oldest snapshot"),
              Map.entry('g', "grow the disk, and its L1 table"),
              Map.entry('h', "shrink the disk"),
              Map.entry('b', "add a bitmap that follows the disk"),
              Map.entry('q', "remove the oldest bitmap"),
              Map.entry('l', "clear the oldest bitmap"),
              Map.entry('n', "disable the oldest bitmap, or enable it"),
              Map.entry('j', "merge the oldest bitmap into the newest"),
              Map.entry('f', "flush"),
              Map.entry('.', "close")));

  private final Map<Character, IntFunction<Operation>> operations = new TreeMap<>();

  private Alphabet() {}

  /** At the edges of clusters. */
  static Alphabet ofClusters(int cluster) {
    return new Alphabet().clusters(cluster);
  }

  /** At the edges of subclusters, on a disk of few clusters. */
  static Alphabet ofSubclusters(int cluster) {
    return new Alphabet().subclusters(cluster, cluster / 32);
  }

  private Alphabet clusters(int cluster) {
    int table = cluster / Long.BYTES * cluster;
    operations.put('w', v -> new Operation.Write(cluster / 4, cluster / 4, v, false));
    operations.put('W', v -> new Operation.Write(0, cluster, v, false));
    operations.put('V', v -> new Operation.Write(cluster, cluster, v, false));
    operations.put('p', v -> new Operation.Write(cluster / 2, cluster, v, false));
    operations.put('x', v -> new Operation.Write(table - cluster * 3 / 2, 2 * cluster, v, false));
    operations.put('m', v -> new Operation.Write(2 * cluster, 5 * cluster, v, false));
    operations.put('z', _ -> new Operation.Zero(cluster / 2, cluster, true));
    operations.put('k', _ -> new Operation.Zero(0, 2 * cluster, false));
    operations.put('d', _ -> new Operation.Discard(0, 2 * cluster));
    operations.put('D', _ -> new Operation.Discard(table - 2 * cluster, 4 * cluster));
    operations.put('c', v -> new Operation.Write(0, cluster, v, true));
    operations.put('e', v -> new Operation.Write(cluster, cluster, v, true));
    operations.put('C', v -> new Operation.Write(table - cluster, 2 * cluster, v, true));
    operations.put('a', _ -> new Operation.Preallocate(cluster, 3 * cluster));
    operations.put('g', _ -> new Operation.Resize(2 * table + 2 * cluster));
    operations.put('h', _ -> new Operation.Resize(table - 2 * cluster + cluster % 1024));
    return structure();
  }

  private Alphabet subclusters(int cluster, int sub) {
    operations.put('w', v -> new Operation.Write(sub / 4, sub / 4, v, false));
    operations.put('W', v -> new Operation.Write(0, sub, v, false));
    operations.put('V', v -> new Operation.Write(sub, sub, v, false));
    operations.put('p', v -> new Operation.Write(sub / 2, sub, v, false));
    operations.put('x', v -> new Operation.Write(cluster - sub * 3 / 2, 2 * sub, v, false));
    operations.put('m', v -> new Operation.Write(0, cluster, v, false));
    operations.put('z', _ -> new Operation.Zero(sub / 2, 2 * sub, true));
    operations.put('k', _ -> new Operation.Zero(0, 2 * sub, false));
    operations.put('d', _ -> new Operation.Discard(0, cluster));
    operations.put('c', v -> new Operation.Write(0, cluster, v, true));
    operations.put('e', v -> new Operation.Write(cluster, cluster, v, true));
    operations.put('a', _ -> new Operation.Preallocate(cluster, 3 * cluster));
    operations.put('g', _ -> new Operation.Resize(6 * cluster + 512));
    operations.put('h', _ -> new Operation.Resize(2 * sub + 512));
    return structure();
  }

  private Alphabet structure() {
    operations.put('s', Operation.CreateSnapshot::new);
    operations.put('t', _ -> new Operation.DeleteSnapshot());
    operations.put('r', _ -> new Operation.ApplySnapshot());
    operations.put('b', BitmapOperation.Add::new);
    operations.put('q', _ -> new BitmapOperation.Remove());
    operations.put('l', _ -> new BitmapOperation.Clear());
    operations.put('n', _ -> new BitmapOperation.Toggle());
    operations.put('j', _ -> new BitmapOperation.Merge());
    operations.put('f', _ -> new Operation.Flush());
    operations.put('.', _ -> new Operation.Close());
    return this;
  }

  /** The operation that a letter stands for at this place, from 0, of a sequence. */
  Operation operation(char letter, int place) {
    IntFunction<Operation> operation = operations.get(letter);
    if (operation == null) {
      throw new IllegalArgumentException("no operation has the letter " + letter);
    }
    return operation.apply(17 + place * 13);
  }

  /** The operations of a word. */
  List<Operation> operations(String word) {
    return java.util.stream.IntStream.range(0, word.length())
        .mapToObj(i -> operation(word.charAt(i), i))
        .collect(Collectors.toList());
  }
}
