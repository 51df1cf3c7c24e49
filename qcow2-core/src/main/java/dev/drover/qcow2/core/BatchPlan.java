package dev.drover.qcow2.core;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * Splits what a batch changes into work on clusters and tables, as the mapping stands. Reads tables
 * and writes nothing.
 *
 * <p>Zeroes over whole clusters stay ranges: a batch that zeroes an empty terabyte costs nothing,
 * and one that zeroes a full one costs its tables, never a node a cluster.
 */
final class BatchPlan {

  private final Geometry geometry;
  private final Mapping mapping;
  private final long virtualSize;
  private final Zeroing zeroing;
  private final TreeMap<Integer, TableWork> tables = new TreeMap<>();
  private final List<Segment> pieces = new ArrayList<>();
  private long pieceCluster;

  private BatchPlan(Geometry geometry, Mapping mapping, long virtualSize, Zeroing zeroing) {
    this.geometry = geometry;
    this.mapping = mapping;
    this.virtualSize = virtualSize;
    this.zeroing = zeroing;
  }

  /** Work under each L1 entry, ascending. */
  static Collection<TableWork> of(
      Collection<Segment> segments,
      Geometry geometry,
      Mapping mapping,
      long virtualSize,
      Zeroing zeroing)
      throws IOException {
    BatchPlan plan = new BatchPlan(geometry, mapping, virtualSize, zeroing);
    for (Segment segment : segments) {
      plan.add(segment);
    }
    plan.finishCluster();
    return plan.tables.values();
  }

  /** Whole clusters that were compressed, from {@code firstCluster} on. */
  static Collection<TableWork> ofPacked(
      long firstCluster, List<byte[]> pieces, Geometry geometry, Mapping mapping)
      throws IOException {
    BatchPlan plan = new BatchPlan(geometry, mapping, 0, new Zeroing(false, true, false));
    for (int i = 0; i < pieces.size(); i++) {
      long cluster = firstCluster + i;
      L2Entry entry = plan.soundEntry(cluster);
      plan.table((int) (cluster / geometry.l2Entries()))
          .clusters()
          .add(ClusterWork.packed(cluster, entry, pieces.get(i)));
    }
    return plan.tables.values();
  }

  /**
   * Clusters that read as zeroes and have no space get some. A hole that shows a backing disk stays
   * one: giving it space would mean copying.
   *
   * @param backingEnd the first byte behind the backing disk
   */
  static Collection<TableWork> ofReserved(
      long firstCluster,
      long endCluster,
      Geometry geometry,
      Mapping mapping,
      Zeroing zeroing,
      long backingEnd)
      throws IOException {
    BatchPlan plan = new BatchPlan(geometry, mapping, 0, zeroing);
    for (long cluster = firstCluster; cluster < endCluster; cluster++) {
      L2Entry entry = mapping.entry(mapping.l1(), cluster);
      Zeroing here = zeroing.at(cluster << geometry.clusterBits(), backingEnd);
      boolean spaceless = !entry.hasPlace() && here.readsAsZeroes(entry) == L2Entry.ALL;
      if (spaceless || zeroing.raw() && entry.allocated() != L2Entry.ALL) {
        mapping.requireSound(entry, cluster);
        plan.table((int) (cluster / geometry.l2Entries()))
            .clusters()
            .add(plan.reserved(cluster, entry));
      }
    }
    return plan.tables.values();
  }

  /** Without a zero flag its zeroes are written, unless the space is known to read so. */
  private ClusterWork reserved(long cluster, L2Entry entry) {
    boolean external = geometry.externalData();
    if (zeroing.flags() && !external) {
      return ClusterWork.reserved(cluster, entry);
    }
    int missing = ~entry.allocated();
    Touched blanked = new Touched(0, missing, 0);
    return external
        ? ClusterWork.external(cluster, entry, blanked, zeroes(cluster, missing, false))
        : ClusterWork.written(cluster, entry, false, blanked, zeroes(cluster, missing, true));
  }

  /** Over these subclusters of a cluster. */
  private List<Segment> zeroes(long cluster, int subclusters, boolean keep) {
    List<Segment> zeroes = new ArrayList<>();
    long start = cluster << geometry.clusterBits();
    long bytes = geometry.subclusterBytes();
    for (int at = 0; at < L2Entry.SUBCLUSTERS; at++) {
      int run = L2Entry.runLength(subclusters, at);
      if (run > 0) {
        zeroes.add(new Segment(start + at * bytes, start + (at + run) * bytes, null, keep));
        at += run;
      }
    }
    return zeroes;
  }

  private void add(Segment segment) throws IOException {
    long end = segment.end();
    if (segment.isZero() && end == virtualSize) {
      end = geometry.roundUp(end); // nothing lives behind the disk's end in its last cluster
    }
    long at = segment.start();
    while (at < segment.end()) {
      long clusterStart = geometry.roundDown(at);
      long clusterEnd = clusterStart + geometry.clusterSize();
      if (segment.isZero() && zeroing.byEntry() && at == clusterStart && end >= clusterEnd) {
        finishCluster();
        at = geometry.roundDown(end);
        zeroWhole(clusterStart, at, segment.keep());
      } else {
        addPiece(segment.clip(at, clusterEnd));
        at = clusterEnd;
      }
    }
  }

  private void addPiece(Segment piece) throws IOException {
    long cluster = piece.start() >>> geometry.clusterBits();
    if (cluster != pieceCluster) {
      finishCluster();
      pieceCluster = cluster;
    }
    pieces.add(piece);
  }

  private void finishCluster() throws IOException {
    if (pieces.isEmpty()) {
      return;
    }
    long start = pieceCluster << geometry.clusterBits();
    long end = Math.min(start + geometry.clusterSize(), virtualSize);
    long covered = pieces.stream().mapToLong(Segment::length).sum();
    if (zeroing.byEntry() && covered == end - start && pieces.stream().allMatch(Segment::isZero)) {
      boolean keep = pieces.stream().anyMatch(Segment::keep);
      zeroWhole(start, start + geometry.clusterSize(), keep);
    } else {
      writeCluster();
    }
    pieces.clear();
  }

  private void writeCluster() throws IOException {
    TableWork table = table((int) (pieceCluster / geometry.l2Entries()));
    L2Entry entry = soundEntry(pieceCluster);
    Touched touched =
        Touched.by(pieces, geometry, zeroing.byEntry(), virtualSize)
            .without(zeroing.readsAsZeroes(entry));
    if (touched.isNothing()) {
      return; // zeroes upon zeroes
    }
    if (geometry.externalData()) {
      table.clusters().add(ClusterWork.external(pieceCluster, entry, touched, pieces));
      return;
    }
    boolean own = entry.hasCluster() && entry.isCopied() && L1Entry.isCopied(table.oldL1Entry());
    table.clusters().add(ClusterWork.written(pieceCluster, entry, own, touched, pieces));
  }

  /** What this batch writes to, copies from or frees. */
  private L2Entry soundEntry(long cluster) throws IOException {
    L2Entry entry = mapping.entry(mapping.l1(), cluster);
    mapping.requireSound(entry, cluster);
    return entry;
  }

  private TableWork table(int index) {
    return tables.computeIfAbsent(
        index,
        i -> {
          long entry = mapping.l1()[i];
          return new TableWork(i, entry, L1Entry.isCopied(entry) && L1Entry.offset(entry) != 0);
        });
  }

  private void zeroWhole(long start, long end, boolean keep) throws IOException {
    long at = start;
    while (at < end) {
      int l1Index = (int) (at / geometry.l2Bytes());
      long tableEnd = Math.min(end, (l1Index + 1L) * geometry.l2Bytes());
      int from = (int) (at >>> geometry.clusterBits()) & (geometry.l2Entries() - 1);
      int to = from + (int) ((tableEnd - at) >>> geometry.clusterBits());
      zeroEntries(l1Index, from, to, keep);
      at = tableEnd;
    }
  }

  private void zeroEntries(int l1Index, int from, int to, boolean keep) throws IOException {
    TablePart entries = mapping.part(mapping.l1()[l1Index], from, to);
    if (entries == null && !zeroing.backed()) {
      return;
    }
    int first = to;
    for (int i = to - 1; i >= from; i--) {
      L2Entry entry = entries == null ? L2Entry.HOLE : entries.get(i);
      mapping.requireSound(entry, (long) l1Index * geometry.l2Entries() + i);
      if (!zeroing.entry(entry, keep).equals(entry)) {
        first = i;
      }
    }
    if (first < to) {
      table(l1Index).zeroes().add(new TableWork.ZeroRange(first, to, keep));
    }
  }
}
