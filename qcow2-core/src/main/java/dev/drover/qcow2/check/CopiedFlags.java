package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * The COPIED flags of the active tables: set exactly where the refcount is one. They mean nothing
 * in a snapshot's tables.
 */
public final class CopiedFlags {

  /** The refcount to hold the flags against: the stored or the counted one. */
  @FunctionalInterface
  public interface Refcounts {

    /** Of a cluster whose refcount cannot be known: its flags are passed over. */
    int UNKNOWN = -1;

    long of(long cluster) throws IOException;
  }

  /** Told of every entry whose flag is wrong. */
  @FunctionalInterface
  public interface Visitor {

    /**
     * @param entryAt where in the file the entry is
     * @param corrected what it should be
     * @param refcount of what it points at
     */
    void wrong(HostOffset entryAt, long corrected, long refcount) throws IOException;
  }

  private CopiedFlags() {}

  public static void check(BlockFile file, Header header, Refcounts refcounts, Visitor visitor)
      throws IOException {
    Geometry geometry = header.geometry();
    long[] l1 = PointerTable.readBacked(file, header.l1().offset(), header.l1().count());
    for (int i = 0; i < l1.length; i++) {
      long l2 = L1Entry.offset(l1[i]);
      if (l2 == 0) {
        continue;
      }
      HostOffset entryAt = header.l1().offset().plus((long) i * PointerTable.ENTRY_BYTES);
      checkEntry(entryAt, l1[i], l2 >>> geometry.clusterBits(), refcounts, visitor);
      if (l2 < file.length()) {
        checkL2(file, new HostOffset(l2), geometry, refcounts, visitor);
      }
    }
  }

  private static void checkL2(
      BlockFile file, HostOffset l2, Geometry geometry, Refcounts refcounts, Visitor visitor)
      throws IOException {
    long[] entries = PointerTable.read(file, l2, geometry.l2Entries());
    for (int j = 0; j < entries.length; j++) {
      long offset = entries[j] & L2Entry.OFFSET_MASK;
      if (!L2Entry.isCompressed(entries[j]) && offset != 0) {
        HostOffset entryAt = l2.plus((long) j * PointerTable.ENTRY_BYTES);
        checkEntry(entryAt, entries[j], offset >>> geometry.clusterBits(), refcounts, visitor);
      }
    }
  }

  private static void checkEntry(
      HostOffset at, long entry, long cluster, Refcounts refcounts, Visitor visitor)
      throws IOException {
    long refcount = refcounts.of(cluster);
    if (refcount != Refcounts.UNKNOWN && L1Entry.isCopied(entry) != (refcount == 1)) {
      visitor.wrong(at, entry ^ L1Entry.COPIED, refcount); // the same bit in both tables
    }
  }
}
