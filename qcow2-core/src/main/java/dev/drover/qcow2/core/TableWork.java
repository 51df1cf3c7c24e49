package dev.drover.qcow2.core;

import dev.drover.qcow2.format.L2Table;
import java.util.ArrayList;
import java.util.List;

/** What a batch does under one L1 entry. */
final class TableWork {

  /** Entries [from, to) of the table whose whole clusters become zeroes. */
  record ZeroRange(int from, int to, boolean keep) {}

  private final int l1Index;
  private final long oldL1Entry;
  private final boolean own;
  private final List<ClusterWork> clusters = new ArrayList<>();
  private final List<ZeroRange> zeroes = new ArrayList<>();
  private Allocation newTable;
  private L2Table content;

  /**
   * @param own the table is there and referenced once: its entries may be changed in place
   */
  TableWork(int l1Index, long oldL1Entry, boolean own) {
    this.l1Index = l1Index;
    this.oldL1Entry = oldL1Entry;
    this.own = own;
  }

  int l1Index() {
    return l1Index;
  }

  long oldL1Entry() {
    return oldL1Entry;
  }

  /** Work on single clusters, ascending. */
  List<ClusterWork> clusters() {
    return clusters;
  }

  /** Whole clusters that become zeroes. */
  List<ZeroRange> zeroes() {
    return zeroes;
  }

  boolean changesTable() {
    return !zeroes.isEmpty()
        || clusters.stream().anyMatch(work -> work.kind() != ClusterWork.Kind.IN_PLACE);
  }

  /** Whether the changes go into a new table, which then takes the old one's place. */
  boolean needsNewTable() {
    return !own && changesTable();
  }

  void assign(Allocation taken) {
    taken.intendForTable(l1Index);
    newTable = taken;
  }

  /** The cluster of the new table, null if the old one is changed in place. */
  Allocation newTable() {
    return newTable;
  }

  /** The new table with the changes in it. */
  L2Table content() {
    return content;
  }

  void content(L2Table entries) {
    content = entries;
  }
}
