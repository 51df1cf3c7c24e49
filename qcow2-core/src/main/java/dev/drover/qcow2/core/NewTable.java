package dev.drover.qcow2.core;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Neighbouring clusters for a table that the header is going to point at: own the new one, write
 * it, switch, then release the old one.
 */
final class NewTable {

  private final ImageCore core;
  private final Geometry geometry;
  private final List<Allocation> clusters;

  private NewTable(ImageCore core, List<Allocation> clusters) {
    this.core = core;
    this.geometry = core.geometry();
    this.clusters = clusters;
  }

  /** Takes what a table of this size needs, durably; nothing for an empty one. */
  static NewTable take(ImageCore core, long bytes) throws IOException {
    int clusters = Math.toIntExact(core.geometry().clusters(bytes));
    return new NewTable(
        core, clusters == 0 ? List.of() : core.allocator().takeContiguous(clusters));
  }

  /** What the header says of it, counting {@code count} things. */
  TablePointer pointer(int count) {
    if (clusters.isEmpty()) {
      return TablePointer.NONE;
    }
    return new TablePointer(
        new HostOffset(clusters.getFirst().offset(geometry.clusterBits())), count);
  }

  /** Writes the table whole, its last cluster padded with zeroes. */
  void write(ByteBuffer bytes) throws IOException {
    if (!clusters.isEmpty()) {
      write(0, bytes);
    }
  }

  /** Where one of its clusters is. */
  long offset(int cluster) {
    return clusters.get(cluster).offset(geometry.clusterBits());
  }

  /** Writes some of its clusters, from this one on; the last padded with zeroes. */
  void write(int cluster, ByteBuffer bytes) throws IOException {
    int count = Math.toIntExact(geometry.clusters(bytes.remaining()));
    ByteBuffer padded = ByteBuffer.allocate(count << geometry.clusterBits());
    padded.put(bytes).clear();
    List<Allocation> part = clusters.subList(cluster, cluster + count);
    part.forEach(Allocation::aboutToBeWritten);
    core.disk().writeTable(offset(cluster), padded);
    part.forEach(core.allocator().list()::dataWritten);
  }

  /** See {@link AllocationList#linkSubmitted}: the write of the pointer must follow at once. */
  void linkSubmitted() {
    clusters.forEach(core.allocator().list()::linkSubmitted);
  }
}
