package dev.drover.qcow2.check;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How often each cluster is referenced, counted as {@code qemu-img check} counts: header, the
 * active and every snapshot's L1 and L2 tables with what they point at (each cluster that a
 * compressed stream touches once), snapshot table, refcount table and blocks, bitmaps. The stored
 * refcounts play no part: they are what this is compared with, see {@link StoredRefcounts}.
 *
 * <p>Memory: three bytes a cluster, in chunks that exist once something in them is referenced.
 */
public final class ReferenceCount {

  private static final int CHUNK_BITS = 15;
  private static final int CHUNK = 1 << CHUNK_BITS;

  /** In a chunk: the count is among {@link #large}. */
  private static final char LARGE = 0xFFFF;

  /** The role of a cluster that several things claim. */
  private static final byte MIXED = -1;

  private final int clusterBits;
  private final long most;
  private final long fileBytes;
  private final Findings findings = new Findings();
  private final char[][] counts;
  private final byte[][] roles;
  private final Map<Long, Long> large = new HashMap<>();
  private long end;

  private final ActiveClusters active = new ActiveClusters();
  private long lost;
  private boolean refcountsBroken;
  private boolean refcountsShared;
  private boolean blockMissing;

  private ReferenceCount(Geometry geometry, long fileBytes) {
    this.clusterBits = geometry.clusterBits();
    this.most = geometry.maxRefcount();
    // QEMU knows a file's length in sectors only.
    this.fileBytes = (fileBytes + BlockFile.SECTOR_BYTES - 1) & -BlockFile.SECTOR_BYTES;
    // One cluster behind the end of the file may be referenced in part.
    int chunks = Math.toIntExact((clustersOfFile() >>> CHUNK_BITS) + 1);
    this.counts = new char[chunks][];
    this.roles = new byte[chunks][];
  }

  /**
   * Counts all references.
   *
   * @param snapshots the entries of the image's snapshot table
   * @throws dev.drover.qcow2.Qcow2Exception UNSUPPORTED for a file of more than two billion
   *     clusters; CORRUPT for bitmaps that contradict themselves
   * @throws IOException of the file: what could not be read is never taken for unreferenced
   */
  public static ReferenceCount of(BlockFile file, Header header, List<SnapshotEntry> snapshots)
      throws IOException {
    if (file.length() >>> header.clusterBits() >= Integer.MAX_VALUE) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          file.name(),
          "more clusters than can be counted: " + (file.length() >>> header.clusterBits()),
          "copy its content into a new image with: image convert");
    }
    ReferenceCount count = new ReferenceCount(header.geometry(), file.length());
    ReferenceWalk walk = new ReferenceWalk(file, header, snapshots, count);
    walk.content();
    walk.refcounts();
    return count;
  }

  /** Counts all references but those of the refcount table and its blocks: to build them anew. */
  static ReferenceCount withoutRefcounts(Inspection inspected) throws IOException {
    BlockFile file = inspected.file();
    Header header = inspected.header();
    ReferenceCount count = new ReferenceCount(header.geometry(), file.length());
    new ReferenceWalk(file, header, inspected.snapshots(), count).content();
    return count;
  }

  /** Clusters of the file, a partial last one included. */
  public long clustersOfFile() {
    long size = 1L << clusterBits;
    return (fileBytes >>> clusterBits) + ((fileBytes & (size - 1)) == 0 ? 0 : 1);
  }

  /** The clusters that a check looks at: those of the file, and what is referenced behind them. */
  public long checkedClusters() {
    return Math.max(clustersOfFile(), end);
  }

  /** The first cluster behind all that are referenced. */
  public long end() {
    return end;
  }

  /** References to a cluster; 0 for one that nothing reaches. */
  public long references(long cluster) {
    long chunk = cluster >>> CHUNK_BITS;
    if (chunk >= counts.length || counts[(int) chunk] == null) {
      return 0;
    }
    int index = (int) cluster & (CHUNK - 1);
    char count = index < counts[(int) chunk].length ? counts[(int) chunk][index] : 0;
    return count == LARGE ? large.get(cluster) : count;
  }

  /** Whether anything is referenced among the {@code clusters} clusters from {@code first} on. */
  boolean anyReferences(long first, long clusters) {
    for (long chunk = first >>> CHUNK_BITS;
        chunk <= (first + clusters - 1) >>> CHUNK_BITS;
        chunk++) {
      if (chunk < counts.length && counts[(int) chunk] != null) {
        return true;
      }
    }
    return false;
  }

  /** Corruptions and overlaps seen on the way. */
  public Findings findings() {
    return findings;
  }

  /** Statistics of what the active table maps. */
  public ActiveClusters active() {
    return active;
  }

  /**
   * Whether every reference could be followed, and led to what it says. Where one could not, what
   * looks unreferenced may be what it once led to.
   */
  boolean isComplete() {
    return lost == 0 && findings.count(Kind.OVERLAP) == 0;
  }

  /** Whether the refcount table or a block of it cannot be one. */
  boolean areRefcountsBroken() {
    return refcountsBroken;
  }

  /** Whether something else claims a cluster of the refcount table or its blocks. */
  boolean areRefcountsShared() {
    return refcountsShared;
  }

  /** Whether the file ends before a refcount block. */
  boolean isBlockMissing() {
    return blockMissing;
  }

  void noteMissingBlock() {
    blockMissing = true;
  }

  void noteLost() {
    lost++;
  }

  void noteBrokenRefcounts() {
    refcountsBroken = true;
  }

  /** Every cluster that holds a table, or may: what holds a guest's data alone is left out. */
  void forEachTableCluster(ClusterVisitor visitor) throws IOException {
    for (long cluster = 0; cluster < end; cluster++) {
      if (references(cluster) > 0 && !isOnly(Role.DATA, cluster)) {
        visitor.visit(cluster);
      }
    }
  }

  /** Told of clusters. */
  @FunctionalInterface
  interface ClusterVisitor {
    void visit(long cluster) throws IOException;
  }

  /** Whether the cluster is used for this and nothing else. */
  boolean isOnly(Role role, long cluster) {
    return references(cluster) > 0
        && roles[(int) (cluster >>> CHUNK_BITS)][(int) cluster & (CHUNK - 1)] == role.code();
  }

  /** Counts one reference to every cluster that the range touches. */
  void add(Role role, long offset, long bytes) {
    add(role, offset, bytes, 1);
  }

  /** Counts {@code times} references to every cluster that the range touches. */
  void add(Role role, long offset, long bytes, int times) {
    if (bytes <= 0) {
      return;
    }
    // The last cluster of a file may be there in part; a whole one behind it may not.
    if (offset > Long.MAX_VALUE - bytes || offset + bytes - fileBytes >= 1L << clusterBits) {
      findings.add(
          Kind.CORRUPTION,
          offset,
          "%s of %d bytes reaches beyond the end of the file at %d"
              .formatted(role, bytes, fileBytes),
          times);
      if (role.isOfRefcounts()) {
        refcountsBroken = true;
      } else {
        lost++;
      }
      return;
    }
    for (long c = offset >>> clusterBits; c <= (offset + bytes - 1) >>> clusterBits; c++) {
      addTo(c, role, times);
    }
  }

  private void addTo(long cluster, Role role, int times) {
    int chunk = (int) (cluster >>> CHUNK_BITS);
    int index = (int) cluster & (CHUNK - 1);
    if (counts[chunk] == null) {
      int size = (int) Math.min(CHUNK, clustersOfFile() + 1); // a small file takes little
      counts[chunk] = new char[size];
      roles[chunk] = new byte[size];
    }
    byte before = roles[chunk][index];
    roles[chunk][index] = role.code();
    if (before != 0 && !(role.code() == before && role.isSharable())) {
      String others = before == MIXED ? "several things" : "the " + Role.of(before);
      findings.add(Kind.OVERLAP, cluster << clusterBits, role + " in a cluster of " + others);
      roles[chunk][index] = MIXED;
      refcountsShared |= role.isOfRefcounts() || before != MIXED && Role.of(before).isOfRefcounts();
    }
    long counted = references(cluster);
    long room = most - counted;
    if (times > room) {
      findings.add(
          Kind.CORRUPTION,
          cluster << clusterBits,
          "more references than a refcount can hold",
          times - room);
      lost++;
    }
    set(chunk, index, cluster, counted + Math.min(times, room));
    end = Math.max(end, cluster + 1);
  }

  private void set(int chunk, int index, long cluster, long count) {
    counts[chunk][index] = (char) Math.min(count, LARGE);
    if (count >= LARGE) {
      large.put(cluster, count);
    }
  }
}
