package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * Preallocated zero clusters whose place is not aligned: such an entry loses its place and reads as
 * zeroes as before. Of all pointers that cannot be right, these alone say what they stand for.
 */
final class UnalignedZeroes {

  private final BlockFile file;
  private final Header header;
  private final Inspection found;
  private final Geometry geometry;
  private long unlinked;

  UnalignedZeroes(Inspection found) {
    this.file = found.file();
    this.header = found.header();
    this.found = found;
    this.geometry = header.geometry();
  }

  /** Writes the entries; how many is the result. Not synced. */
  long unlink() throws IOException {
    if (found.otherCorruptions() == 0) {
      return 0;
    }
    l1(header.l1());
    for (SnapshotEntry snapshot : found.snapshots()) {
      if (found.counted().isOnly(Role.L1, snapshot.l1().offset().cluster(header.clusterBits()))) {
        l1(snapshot.l1());
      }
    }
    return unlinked;
  }

  private void l1(TablePointer l1) throws IOException {
    for (long entry : PointerTable.readBacked(file, l1.offset(), l1.count())) {
      long l2 = L1Entry.offset(entry);
      boolean isTable = found.counted().isOnly(Role.L2, l2 >>> geometry.clusterBits());
      if (l2 != 0 && geometry.isAligned(l2) && isTable) {
        l2(l2);
      }
    }
  }

  private void l2(long l2) throws IOException {
    L2Table table = L2Table.read(file, new HostOffset(l2), geometry);
    for (int i = 0; i < table.entries(); i++) {
      L2Entry entry = table.get(i);
      if (!entry.hasCluster() || (entry.descriptor() & L2Entry.RESERVED_MASK) != 0) {
        continue; // reserved bits: a guest's bytes may have been taken for a table
      }
      if (entry.allocated() == 0 && !geometry.isAligned(entry.offset())) {
        table.set(i, L2Entry.standard(0, 0, entry.zero()));
        file.write(table.encode(i, i + 1), l2 + (long) i * geometry.l2EntryBytes());
        unlinked++;
      }
    }
  }
}
