package dev.drover.qcow2.core;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;

/** What hangs on an L1 table: every reference to a host cluster that it and its L2 tables hold. */
final class TableTree {

  /** Where a cluster of the image is does not depend on whose it is. */
  private static final long NO_GUEST_CLUSTER = -1;

  private final Geometry geometry;
  private final Mapping mapping;
  private final Pointers pointers;

  TableTree(Geometry geometry, Mapping mapping, Pointers pointers) {
    this.geometry = geometry;
    this.mapping = mapping;
    this.pointers = pointers;
  }

  /** Visits every L2 table and every cluster that an L2 entry refers to; not the L1 table. */
  void visit(long[] l1, ClusterSequence.Visitor visitor) throws IOException {
    for (long entry : l1) {
      visitTable(entry, visitor);
    }
  }

  /** The part of {@link #visit} under one L1 entry. */
  void visitTable(long l1Entry, ClusterSequence.Visitor visitor) throws IOException {
    TablePart table = mapping.copy(l1Entry);
    if (table == null) {
      return;
    }
    visitor.reference(L1Entry.offset(l1Entry) >>> geometry.clusterBits());
    for (int i = 0; i < table.to(); i++) {
      visitEntry(table.get(i), visitor);
    }
  }

  private void visitEntry(L2Entry entry, ClusterSequence.Visitor visitor) throws IOException {
    if (geometry.externalData()) {
      return; // it refers to no cluster of the image
    }
    if (!entry.isCompressed()) {
      long offset = pointers.data(entry, NO_GUEST_CLUSTER);
      if (offset != 0) {
        visitor.reference(offset >>> geometry.clusterBits());
      }
    } else {
      L2Entry.Compressed packed = pointers.compressed(entry);
      long last = packed.lastCluster(geometry.clusterBits());
      for (long c = packed.firstCluster(geometry.clusterBits()); c <= last; c++) {
        visitor.reference(c);
      }
    }
  }

  /** Every reference of a whole tree, its L1 table's own clusters included. */
  ClusterSequence all(TablePointer place, long[] l1) throws IOException {
    ClusterSequence clusters = new ClusterSequence();
    visit(l1, clusters::add);
    addTable(clusters, place.offset().bytes(), 8L * place.count());
    return clusters;
  }

  /** The clusters of a table that stands alone. */
  void addTable(ClusterSequence clusters, long offset, long bytes) {
    for (long i = 0; i < geometry.clusters(bytes); i++) {
      clusters.add((offset >>> geometry.clusterBits()) + i);
    }
  }
}
