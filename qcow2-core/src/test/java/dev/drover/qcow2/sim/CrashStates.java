package dev.drover.qcow2.sim;

import static dev.drover.qcow2.io.BlockFile.SECTOR_BYTES;

import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a power cut at this moment can leave of a {@link CrashingBlockFile}, each <em>content</em>
 * once: two choices of survivors that give the same bytes are one state. Contents are told apart by
 * a 64-bit hash of all sectors and the length.
 *
 * <p>With at most {@link #MAX_UNDECIDED} undecided sectors (the length is one) every combination of
 * versions is visited, with more a seeded sample of {@link #SAMPLES}, nothing and everything among
 * them.
 */
public final class CrashStates {

  /** Up to this many undecided sectors all subsets are visited. */
  public static final int MAX_UNDECIDED = 12;

  /** How many states are drawn where there are more. */
  public static final int SAMPLES = 256;

  private static final int MAX_COMBINATIONS = 1 << 16;

  /** Told of each content. */
  @FunctionalInterface
  public interface Visitor {

    /**
     * @param left an independent copy
     * @param hash of its content
     */
    void state(MemoryBlockFile left, long hash) throws IOException;
  }

  private final CrashingBlockFile disk;
  private final List<List<byte[]>> sectors;
  private final long[] numbers;
  private final long[][] hashes;
  private final List<Long> lengths;
  private final int[] choice;

  private CrashStates(CrashingBlockFile disk) {
    this.disk = disk;
    List<Long> open = disk.openSectors();
    this.sectors = open.stream().map(disk::versions).toList();
    this.numbers = open.stream().mapToLong(Long::longValue).toArray();
    this.lengths = disk.openLengths();
    this.hashes = new long[numbers.length][];
    for (int i = 0; i < numbers.length; i++) {
      List<byte[]> versions = sectors.get(i);
      hashes[i] = new long[versions.size()];
      for (int v = 0; v < hashes[i].length; v++) {
        hashes[i][v] = Sectors.hash(numbers[i], versions.get(v));
      }
    }
    this.choice = new int[numbers.length + 1];
  }

  /**
   * Visits every content that is not in {@code seen}, which remembers it.
   *
   * @param seed of the sample, if there has to be one
   */
  public static void visit(CrashingBlockFile disk, LongSet seen, long seed, Visitor visitor)
      throws IOException {
    CrashStates states = new CrashStates(disk);
    long combinations = disk.crashStates();
    boolean all = states.undecided() <= MAX_UNDECIDED && combinations <= MAX_COMBINATIONS;
    SplittableRandom random = new SplittableRandom(seed);
    long[] fixed = states.fixedHashes();
    long count = all ? combinations : SAMPLES;
    for (long n = 0; n < count; n++) {
      if (n > 0) {
        states.choose(all, n, random);
      }
      long hash = states.hash(fixed);
      if (seen.add(hash)) {
        visitor.state(disk.crash((item, _) -> states.survivor(item)), hash);
      }
    }
  }

  private int undecided() {
    return numbers.length + (lengths.size() > 1 ? 1 : 0);
  }

  private int versions(int item) {
    return item == numbers.length ? lengths.size() : hashes[item].length;
  }

  /** Number 0, nothing of what is unsynced, is what {@link #choice} begins with. */
  private void choose(boolean all, long number, SplittableRandom random) {
    for (int item = 0; item < choice.length; item++) {
      if (!all) {
        choice[item] = number == 1 ? versions(item) - 1 : random.nextInt(versions(item));
      } else if (++choice[item] < versions(item)) {
        return;
      } else {
        choice[item] = 0;
      }
    }
  }

  private int survivor(int item) {
    return choice[item];
  }

  /** The part of the hash that no choice but the length's has a say in, for each length. */
  private long[] fixedHashes() {
    long[] fixed = new long[lengths.size()];
    for (int i = 0; i < fixed.length; i++) {
      fixed[i] = disk.decidedHash(lengths.get(i)) + lengths.get(i) * 0x9E3779B97F4A7C15L;
    }
    return fixed;
  }

  private long hash(long[] fixed) {
    int length = choice[numbers.length];
    long hash = fixed[length];
    long end = lengths.get(length);
    for (int i = 0; i < numbers.length && numbers[i] * SECTOR_BYTES < end; i++) {
      hash += hashes[i][choice[i]];
    }
    return hash;
  }
}
