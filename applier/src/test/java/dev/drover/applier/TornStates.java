package dev.drover.applier;

import dev.drover.qcow2.ImageWalk;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Undecided;
import dev.drover.qcow2.sim.LongSet;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What a power cut at this moment can leave of an engine's disk, each content once: metadata torn
 * between sectors, the guest's data between clusters, and the file's length.
 *
 * <p>Every combination where there are few, a seeded sample with nothing and everything among it
 * where there are more.
 */
final class TornStates {

  /** Told of each content. */
  @FunctionalInterface
  interface Visitor {
    void state(MemoryBlockFile left) throws IOException;
  }

  private static final int CLUSTER_SECTORS = EngineRig.CLUSTER / 512;

  private final CrashingBlockFile disk;

  /** By item: which group it belongs to. */
  private final int[] groupOf;

  /** By group: the most versions that one of its items has. */
  private final List<Integer> versions = new ArrayList<>();

  private TornStates(CrashingBlockFile disk) throws IOException {
    this.disk = disk;
    List<Undecided> items = disk.undecided();
    ImageWalk walk = items.isEmpty() ? null : ImageWalk.of(disk);
    Map<Long, Integer> dataGroups = new HashMap<>();
    groupOf = new int[items.size()];
    for (int i = 0; i < groupOf.length; i++) {
      long sector = items.get(i).sector();
      long cluster = sector / CLUSTER_SECTORS;
      Integer group = isData(walk, sector) ? dataGroups.get(cluster) : null;
      if (group == null) {
        group = versions.size();
        versions.add(1);
        dataGroups.put(cluster, group);
      }
      groupOf[i] = group;
      versions.set(group, Math.max(versions.get(group), items.get(i).versions()));
    }
  }

  private static boolean isData(ImageWalk walk, long sector) {
    long cluster = sector / CLUSTER_SECTORS;
    return sector != Undecided.LENGTH && walk.references(cluster) == walk.l2References(cluster);
  }

  /**
   * Visits what is not in {@code seen} yet.
   *
   * @param salt what else tells one state from another
   * @param most combinations that are all visited; of more, a sample
   */
  static void visit(
      CrashingBlockFile disk, LongSet seen, long salt, int most, int samples, Visitor visitor)
      throws IOException {
    TornStates states = new TornStates(disk);
    long all = states.combinations();
    SplittableRandom random = new SplittableRandom(salt);
    long count = all <= most ? all : samples;
    for (long n = 0; n < count; n++) {
      int[] choice = all <= most ? states.numbered(n) : states.sample(n, random);
      MemoryBlockFile left = disk.crash((item, v) -> Math.min(choice[states.groupOf[item]], v - 1));
      if (seen.add(hash(left, salt))) {
        visitor.state(left);
      }
    }
  }

  private long combinations() {
    long all = 1;
    for (int each : versions) {
      all = Math.min(all * each, Integer.MAX_VALUE);
    }
    return all;
  }

  private int[] numbered(long number) {
    int[] choice = new int[versions.size()];
    long rest = number;
    for (int i = 0; i < choice.length; i++) {
      choice[i] = (int) (rest % versions.get(i));
      rest /= versions.get(i);
    }
    return choice;
  }

  private int[] sample(long number, SplittableRandom random) {
    int[] choice = new int[versions.size()];
    for (int i = 0; i < choice.length; i++) {
      int newest = versions.get(i) - 1;
      choice[i] = number == 0 ? 0 : number == 1 ? newest : random.nextInt(newest + 1);
    }
    return choice;
  }

  private static long hash(MemoryBlockFile left, long salt) {
    long hash = salt;
    byte[] bytes = left.bytes();
    for (int i = 0; i < bytes.length; i++) {
      hash = (hash ^ bytes[i]) * 0x100000001b3L;
    }
    return hash ^ bytes.length;
  }
}
