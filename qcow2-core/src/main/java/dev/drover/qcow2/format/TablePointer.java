package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;

/**
 * Where the header says a table is.
 *
 * @param offset first byte
 * @param count what the header counts: entries of the L1 table, clusters of the refcount table,
 *     snapshots of the snapshot table
 */
public record TablePointer(HostOffset offset, int count) {

  /** No table at all. */
  public static final TablePointer NONE = new TablePointer(new HostOffset(0), 0);
}
