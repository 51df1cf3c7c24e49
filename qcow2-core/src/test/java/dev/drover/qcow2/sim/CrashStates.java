package dev.drover.qcow2.sim;

import static dev.drover.qcow2.io.BlockFile.SECTOR_BYTES;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
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

  /** Told of each content of several files. */
  @FunctionalInterface
  public interface FilesVisitor {

    /**
     * @param left an independent copy of each
     * @param hash of their content
     */
    void state(List<MemoryBlockFile> left, long hash) throws IOException;
  }

  private final List<OfFile> files = new ArrayList<>();

  /** How many versions each thing has that is to be decided: of each file sectors, then length. */
  private final int[] versions;

  private final int[] choice;

  private CrashStates(List<CrashingBlockFile> disks) {
    List<Integer> all = new ArrayList<>();
    for (CrashingBlockFile disk : disks) {
      OfFile file = new OfFile(disk, all.size());
      files.add(file);
      for (long[] sector : file.hashes) {
        all.add(sector.length);
      }
      all.add(file.lengths.size());
    }
    this.versions = all.stream().mapToInt(Integer::intValue).toArray();
    this.choice = new int[versions.length];
  }

  /**
   * Visits every content that is not in {@code seen}, which remembers it.
   *
   * @param seed of the sample, if there has to be one
   */
  public static void visit(CrashingBlockFile disk, LongSet seen, long seed, Visitor visitor)
      throws IOException {
    visit(List.of(disk), seen, seed, (left, hash) -> visitor.state(left.getFirst(), hash));
  }

  /** The same for files that one power cut hits: any version of one with any of the other. */
  public static void visit(
      List<CrashingBlockFile> disks, LongSet seen, long seed, FilesVisitor visitor)
      throws IOException {
    CrashStates states = new CrashStates(disks);
    long combinations = states.combinations();
    boolean all = states.undecided() <= MAX_UNDECIDED && combinations <= MAX_COMBINATIONS;
    SplittableRandom random = new SplittableRandom(seed);
    long count = all ? combinations : SAMPLES;
    for (long n = 0; n < count; n++) {
      if (n > 0) {
        states.choose(all, n, random);
      }
      long hash = states.hash();
      if (seen.add(hash)) {
        visitor.state(states.files.stream().map(file -> file.crash(states.choice)).toList(), hash);
      }
    }
  }

  private long combinations() {
    long all = 1;
    for (int each : versions) {
      all = all > Long.MAX_VALUE / each ? Long.MAX_VALUE : all * each;
    }
    return all;
  }

  private int undecided() {
    return (int) Arrays.stream(versions).filter(each -> each > 1).count();
  }

  /** Number 0, nothing of what is unsynced, is what {@link #choice} begins with. */
  private void choose(boolean all, long number, SplittableRandom random) {
    for (int item = 0; item < choice.length; item++) {
      if (!all) {
        choice[item] = number == 1 ? versions[item] - 1 : random.nextInt(versions[item]);
      } else if (++choice[item] < versions[item]) {
        return;
      } else {
        choice[item] = 0;
      }
    }
  }

  private long hash() {
    long hash = 0;
    for (OfFile file : files) {
      hash = hash * 0xD1B54A32D192ED03L + file.hash(choice);
    }
    return hash;
  }

  /** What is open of one file. */
  private static final class OfFile {
    private final CrashingBlockFile disk;
    private final long[] numbers;
    private final long[][] hashes;
    private final List<Long> lengths;

    /** The part of the hash that no choice but the length's has a say in, for each length. */
    private final long[] fixed;

    /** Where its choices begin. */
    private final int first;

    OfFile(CrashingBlockFile disk, int first) {
      this.disk = disk;
      this.first = first;
      this.numbers = disk.openSectors().stream().mapToLong(Long::longValue).toArray();
      this.lengths = disk.openLengths();
      this.hashes = new long[numbers.length][];
      for (int i = 0; i < numbers.length; i++) {
        List<byte[]> versions = disk.versions(numbers[i]);
        hashes[i] = new long[versions.size()];
        for (int v = 0; v < hashes[i].length; v++) {
          hashes[i][v] = Sectors.hash(numbers[i], versions.get(v));
        }
      }
      this.fixed = new long[lengths.size()];
      for (int i = 0; i < fixed.length; i++) {
        fixed[i] = disk.decidedHash(lengths.get(i)) + lengths.get(i) * 0x9E3779B97F4A7C15L;
      }
    }

    long hash(int[] choice) {
      int length = choice[first + numbers.length];
      long hash = fixed[length];
      long end = lengths.get(length);
      for (int i = 0; i < numbers.length && numbers[i] * SECTOR_BYTES < end; i++) {
        hash += hashes[i][choice[first + i]];
      }
      return hash;
    }

    MemoryBlockFile crash(int[] choice) {
      return disk.crash((item, _) -> choice[first + item]);
    }
  }
}
