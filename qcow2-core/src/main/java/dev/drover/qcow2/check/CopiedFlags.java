package dev.drover.qcow2.check;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * The COPIED flags of the active tables: set exactly where the refcount is one. They mean nothing
 * in a snapshot's tables. Each L2 table is read once, however many L1 entries lead to it.
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
     * @param corrected the words of 8 bytes that it should be
     * @param refcount of what it points at
     * @param times how many L1 entries lead to the table that it is in
     */
    void wrong(HostOffset entryAt, long[] corrected, long refcount, int times) throws IOException;
  }

  private CopiedFlags() {}

  public static void check(BlockFile file, Header header, Refcounts refcounts, Visitor visitor)
      throws IOException {
    Geometry geometry = header.geometry();
    // What is in a data file nobody shares.
    Refcounts clusters = geometry.externalData() ? _ -> 1 : refcounts;
    TableRuns tables =
        new TableRuns((l2, times) -> checkL2(file, l2, geometry, clusters, times, visitor));
    long[] l1 = PointerTable.readBacked(file, header.l1().offset(), header.l1().count());
    for (int i = 0; i < l1.length; i++) {
      long l2 = L1Entry.offset(l1[i]);
      if (l2 == 0) {
        continue;
      }
      HostOffset entryAt = header.l1().offset().plus((long) i * PointerTable.ENTRY_BYTES);
      checkEntry(entryAt, new long[] {l1[i]}, l2 >>> geometry.clusterBits(), refcounts, 1, visitor);
      tables.add(l2);
    }
    tables.flush();
  }

  private static void checkL2(
      BlockFile file, long l2, Geometry geometry, Refcounts refcounts, int times, Visitor visitor)
      throws IOException {
    if (l2 >= file.length()) {
      return;
    }
    HostOffset start = new HostOffset(l2);
    L2Table table = L2Table.read(file, start, geometry);
    for (int j = 0; j < table.entries(); j++) {
      L2Entry entry = table.get(j);
      if (entry.hasCluster()) {
        HostOffset entryAt = start.plus((long) j * geometry.l2EntryBytes());
        long cluster = entry.offset() >>> geometry.clusterBits();
        checkEntry(entryAt, table.words(j), cluster, refcounts, times, visitor);
      }
    }
  }

  private static void checkEntry(
      HostOffset at, long[] entry, long cluster, Refcounts refcounts, int times, Visitor visitor)
      throws IOException {
    long refcount = refcounts.of(cluster);
    if (refcount != Refcounts.UNKNOWN && L1Entry.isCopied(entry[0]) != (refcount == 1)) {
      entry[0] ^= L1Entry.COPIED; // the same bit in both tables
      visitor.wrong(at, entry, refcount, times);
    }
  }
}
