package dev.drover.qcow2.core;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds room for compressed clusters: each begins where the one before it ended, and goes on into
 * the next host cluster when that one happens to be the neighbour.
 *
 * <pre>
 *   host cluster 8                    9
 *   │ piece A │ piece B │ piece C ····│···· │ room │
 *   refcount 3                        refcount 1      cursor ──┘
 * </pre>
 *
 * <p>Every piece holds one reference to each cluster that it touches. References are raised in
 * memory, stand on the {@link AllocationList}, and become durable with the pieces' bytes in the
 * batch's barrier, so before the link (I-02).
 *
 * <p>The cursor must not outlive its cluster: {@link #forget} drops it when the cluster is freed,
 * else the next piece would land inside whatever owns the cluster then (I-19).
 */
final class Packer {

  /** Where a piece goes: its L2 entry, its first byte, and its references, one a cluster. */
  record Place(L2Entry entry, long start, List<Allocation> references) {}

  private final ImageCore core;
  private final Geometry geometry;

  /** The first free byte behind the last piece; at a cluster's boundary there is no room. */
  private long cursor;

  Packer(ImageCore core) {
    this.core = core;
    this.geometry = core.geometry();
  }

  /** Takes room for a piece of {@code bytes} bytes, fewer than a cluster has. */
  Place place(int bytes, long guestCluster) throws IOException {
    long cluster = cursor >>> geometry.clusterBits();
    int room = room(cluster);
    List<Allocation> references = new ArrayList<>(2);
    long start = cursor;
    if (bytes <= room) {
      references.add(share(cluster));
    } else {
      core.allocator().ensure(1);
      Allocation fresh = core.allocator().list().takePacked();
      references.add(fresh);
      if (room > 0 && fresh.cluster() == cluster + 1) {
        references.add(share(cluster));
      } else {
        start = fresh.offset(geometry.clusterBits());
      }
    }
    cursor = start + bytes;
    for (Allocation reference : references) {
      reference.intendForPiece(guestCluster, start);
    }
    return new Place(entry(start, bytes), start, references);
  }

  private int room(long cluster) throws IOException {
    int within = geometry.inCluster(cursor);
    if (within == 0) {
      return 0;
    }
    long count = core.refcounts().get(cluster);
    if (count == 0) {
      throw new IllegalStateException("I-19: the cursor is in cluster " + cluster + ", a free one");
    }
    return count == geometry.maxRefcount() ? 0 : geometry.clusterSize() - within;
  }

  private Allocation share(long cluster) throws IOException {
    core.refcounts().add(cluster, 1);
    return core.allocator().list().addPacked(cluster); // cannot fail: the count has its owner
  }

  private L2Entry entry(long start, int bytes) throws Qcow2Exception {
    if (!L2Entry.fitsCompressed(start, bytes, geometry.clusterBits())) {
      throw new Qcow2Exception(
          Code.OUT_OF_RANGE,
          core.disk().name(),
          start,
          "no compressed cluster can lie so far behind in the file",
          "copy the content to an image with smaller clusters, or do not compress");
    }
    return L2Entry.compressed(start, bytes, geometry.clusterBits());
  }

  /** Drops the cursor if it is in one of these clusters. */
  void forget(ClusterRuns freed) {
    if (freed.contains(cursor >>> geometry.clusterBits())) {
      drop();
    }
  }

  /** The next piece begins in a cluster of its own. */
  void drop() {
    cursor = 0;
  }
}
