package dev.drover.qcow2.core;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Geometry;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which clusters one taking of space needs: those asked for, the refcount blocks that must count
 * them, and a larger refcount table if those don't fit. Pure arithmetic: the free clusters were
 * found before, and nothing is written here.
 *
 * <p>Blocks and table are placed behind everything else, so that they never take a cluster that was
 * just found (QCOW2.md rule 18); being clusters themselves they may ask for a further block, hence
 * the loop.
 */
final class SpacePlan {

  private final Geometry geometry;
  private final Refcounts refcounts;
  private final List<Long> clusters;
  private final TreeSet<Integer> missing = new TreeSet<>();
  private final SortedMap<Integer, Long> blocks = new TreeMap<>();
  private long tableStart;
  private int tableClusters;
  private long end;

  /**
   * @param clusters what the caller wants, free, ascending
   * @param fileEnd the first cluster behind both the file's end and all of {@code clusters}
   */
  SpacePlan(Geometry geometry, Refcounts refcounts, List<Long> clusters, long fileEnd, String image)
      throws Qcow2Exception {
    this.geometry = geometry;
    this.refcounts = refcounts;
    this.clusters = List.copyOf(clusters);
    this.end = fileEnd;
    clusters.forEach(this::count);
    do {
      while (!missing.isEmpty()) {
        placeBlock(missing.pollFirst());
      }
    } while (enlargeTable(image));
    if (end >= Geometry.MAX_HOST_BYTES >>> geometry.clusterBits()) {
      throw tooLarge(image);
    }
  }

  private void count(long cluster) {
    int block = refcounts.blockOf(cluster);
    if (!refcounts.hasBlock(block) && !blocks.containsKey(block)) {
      missing.add(block);
    }
  }

  private void placeBlock(int number) {
    long home = end++;
    blocks.put(number, home);
    count(home);
  }

  private boolean enlargeTable(String image) throws Qcow2Exception {
    int room = Math.max(refcounts.tableEntries(), geometry.refcountTableEntries(tableClusters));
    if (blocks.isEmpty() || blocks.lastKey() < room) {
      return false;
    }
    int most = Geometry.MAX_REFCOUNT_TABLE_BYTES >> geometry.clusterBits();
    long needed = geometry.clusters((blocks.lastKey() + 1L) * Long.BYTES);
    if (needed > most) {
      throw tooLarge(image);
    }
    int before = Math.max(tableClusters, refcounts.place().count());
    tableClusters = (int) Math.min(Math.max(needed, before + before / 2 + 1), most);
    tableStart = end;
    end += tableClusters;
    for (int i = 0; i < tableClusters; i++) {
      count(tableStart + i);
    }
    return true;
  }

  private static Qcow2Exception tooLarge(String image) {
    return new Qcow2Exception(
        Code.OUT_OF_RANGE,
        image,
        "the file has reached the size that its refcount table can count",
        "copy the content to an image with larger clusters");
  }

  /** Every cluster that this plan takes. */
  List<Long> all() {
    List<Long> all = new ArrayList<>(clusters);
    all.addAll(blocks.values());
    for (int i = 0; i < tableClusters; i++) {
      all.add(tableStart + i);
    }
    return all;
  }

  /** What the caller asked for. */
  List<Long> clusters() {
    return clusters;
  }

  /** New refcount blocks: number and cluster. */
  SortedMap<Integer, Long> blocks() {
    return blocks;
  }

  /** Clusters of a larger refcount table, 0 if the old one stays. */
  int tableClusters() {
    return tableClusters;
  }

  long tableStart() {
    return tableStart;
  }

  /** The first cluster behind everything. */
  long end() {
    return end;
  }
}
