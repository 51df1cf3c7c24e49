package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The one write path: every change of guest content, of a replica or of a plain image, goes through
 * these steps in this order. What may fail where, and what it leaves, is docs/crash-table.md.
 *
 * <p>Up to {@link #link} nothing that the image's readers or a crash could reach has changed,
 * except bytes overwritten in place. Everything taken is on the {@link AllocationList}. In {@code
 * link} each pointer leaves that list, changes in memory and goes to the disk, in that order and
 * with nothing between; from then on memory holds the new mapping, and {@link Disk} sees to it that
 * the file follows.
 */
public final class WriteBatch {

  private enum Step {
    BEGUN,
    PLANNED,
    ALLOCATED,
    DATA_WRITTEN,
    BARRIER_PASSED,
    LINKED,
    FAILED
  }

  private final ImageCore core;
  private final Geometry geometry;
  private final Planner planner;
  private final String what;
  private final Zeroing zeroing;
  private final long diskEnd;
  private Collection<TableWork> tables = List.of();
  private boolean needsBarrier;
  private long failedSyncsBefore;
  private long syncsBegunBefore;
  private Step step = Step.BEGUN;

  /** Looks at the mapping as it is when the batch begins, and says what is to be done. */
  @FunctionalInterface
  private interface Planner {
    Collection<TableWork> plan() throws IOException;
  }

  private WriteBatch(ImageCore core, String what, Zeroing zeroing, long diskEnd, Planner planner) {
    this.core = core;
    this.geometry = core.geometry();
    this.what = what;
    this.zeroing = zeroing;
    this.diskEnd = diskEnd;
    this.planner = planner;
  }

  /**
   * Changes of guest content.
   *
   * @param diskEnd the disk's size: what a cluster holds behind it is nobody's
   */
  static WriteBatch of(ImageCore core, List<GuestChange> changes, long diskEnd, Zeroing zeroing) {
    List<GuestChange> copy = List.copyOf(changes);
    return new WriteBatch(
        core,
        copy.size() + " changes",
        zeroing,
        diskEnd,
        () ->
            BatchPlan.of(
                new ChangeOverlay(copy).segments(),
                core.geometry(),
                core.mapping(),
                diskEnd,
                zeroing));
  }

  /** Whole clusters in their compressed form. */
  static WriteBatch ofPacked(ImageCore core, long firstCluster, List<byte[]> pieces) {
    List<byte[]> copy = List.copyOf(pieces);
    return new WriteBatch(
        core,
        copy.size() + " compressed clusters",
        core.zeroing(),
        core.virtualSize(),
        () -> BatchPlan.ofPacked(firstCluster, copy, core.geometry(), core.mapping()));
  }

  /** Space for clusters that have none. */
  static WriteBatch ofReserved(ImageCore core, long firstCluster, long endCluster) {
    return new WriteBatch(
        core,
        (endCluster - firstCluster) + " preallocated clusters",
        core.zeroing(),
        core.virtualSize(),
        () ->
            BatchPlan.ofReserved(
                firstCluster,
                endCluster,
                core.geometry(),
                core.mapping(),
                core.zeroing(),
                core.backingEnd()));
  }

  /** Whether all steps are done. */
  public boolean isLinked() {
    return step == Step.LINKED;
  }

  /** Plans against the mapping as it is; changes nothing, and may be left at that. */
  void plan() throws IOException {
    enter(Step.BEGUN);
    core.requireWritable();
    tables = planner.plan();
    step = Step.PLANNED;
  }

  /** The work under each L1 entry, as planned. */
  Collection<TableWork> tables() {
    return tables;
  }

  /** Step 1: plans, unless that is done, and takes what the plan needs. */
  public void allocate() throws IOException {
    if (step == Step.BEGUN) {
      plan();
    }
    enter(Step.PLANNED);
    int clusters = 0;
    boolean changesTables = false;
    for (TableWork table : tables) {
      changesTables |= table.changesTable();
      clusters += table.needsNewTable() ? 1 : 0;
      for (ClusterWork work : table.clusters()) {
        clusters += work.needsCluster() ? 1 : 0;
      }
    }
    if (changesTables) {
      core.condition().fall();
    }
    core.allocator().ensure(clusters);
    assign();
    pack();
    failedSyncsBefore = core.failedSyncs();
    step = Step.ALLOCATED;
  }

  private void assign() {
    AllocationList list = core.allocator().list();
    for (TableWork table : tables) {
      for (ClusterWork work : table.clusters()) {
        if (work.needsCluster()) {
          work.assign(list.take());
        }
      }
      if (table.needsNewTable()) {
        table.assign(list.take());
      }
    }
  }

  /** After {@link #assign}: may take further windows, as the pieces ask for them. */
  private void pack() throws IOException {
    for (TableWork table : tables) {
      for (ClusterWork work : table.clusters()) {
        if (work.kind() == ClusterWork.Kind.PACKED) {
          work.assign(core.packer().place(work.piece().length, work.guestCluster()));
        }
      }
    }
  }

  /**
   * Step 2: data, fill, and new L2 tables whole. Needs no lock: what it reads and writes nobody
   * else changes while the batch is in flight. May be done again, see {@link #mustWriteAgain}.
   */
  public void writeData() throws IOException {
    enter(step == Step.DATA_WRITTEN ? Step.DATA_WRITTEN : Step.ALLOCATED);
    DataWriter writer = new DataWriter(core, diskEnd);
    for (TableWork table : tables) {
      for (ClusterWork work : table.clusters()) {
        writer.write(work);
        needsBarrier |= (work.needsCluster() || work.fresh() != 0) && !core.isJournaled();
        needsBarrier |= work.kind() == ClusterWork.Kind.PACKED;
      }
      writer.dropZeroed(table);
    }
    writer.flush();
    needsBarrier |= writer.hasFilled();
    for (TableWork table : tables) {
      if (table.needsNewTable()) {
        writeNewTable(table);
        needsBarrier = true;
      }
    }
    syncsBegunBefore = core.disk().syncsBegun();
    step = Step.DATA_WRITTEN;
  }

  /**
   * Whether an fdatasync has failed since the data was about to be written, another request's: it
   * may have dropped this batch's bytes, and no later one brings them back (I-14). Answers yes once
   * for each such failure.
   */
  boolean mustWriteAgain() {
    long failed = core.failedSyncs();
    boolean dropped = failed != failedSyncsBefore;
    failedSyncsBefore = failed;
    return dropped;
  }

  private void writeNewTable(TableWork work) throws IOException {
    TablePart old = core.mapping().copy(work.oldL1Entry());
    L2Table content = old == null ? L2Table.empty(geometry) : old.entries();
    for (int i = 0; i < content.entries(); i++) {
      if (!geometry.externalData()) {
        content.set(i, content.get(i).shared()); // both tables point at these clusters now
      }
    }
    for (ClusterWork each : work.clusters()) {
      int index = indexOf(each);
      content.set(index, newEntry(each, content.get(index)));
    }
    for (TableWork.ZeroRange range : work.zeroes()) {
      for (int i = range.from(); i < range.to(); i++) {
        content.set(i, zeroing.entry(content.get(i), range.keep()));
      }
    }
    work.content(content);
    work.newTable().aboutToBeWritten();
    // No table yet but data, like what it will point at: nothing leads to it before the barrier.
    core.disk().writeNew(work.newTable().offset(geometry.clusterBits()), content.encode());
  }

  /**
   * Step 3: what the links will make reachable, and replay does not rewrite, becomes durable. One
   * fdatasync serves every batch that had written its data when it began.
   */
  public void barrier() throws IOException {
    enter(Step.DATA_WRITTEN);
    AllocationList list = core.allocator().list();
    for (TableWork table : tables) {
      if (table.needsNewTable()) {
        list.dataWritten(table.newTable());
      }
      for (ClusterWork work : table.clusters()) {
        work.allocations().forEach(list::dataWritten);
      }
    }
    if (needsBarrier && !core.disk().coversDataBefore(syncsBegunBefore)) {
      core.sync();
    }
    step = Step.BARRIER_PASSED;
  }

  /** Step 4: L2 entries, then L1 entries. */
  public void link() throws IOException {
    enter(Step.BARRIER_PASSED);
    core.writeLock().lock();
    try {
      for (TableWork table : tables) {
        if (table.changesTable() && !table.needsNewTable()) {
          linkInPlace(table);
          core.boundUnsynced();
        }
      }
      for (TableWork table : tables) {
        if (table.needsNewTable()) {
          linkTable(table);
        }
      }
    } finally {
      core.writeLock().unlock();
    }
    step = Step.LINKED;
  }

  private void linkInPlace(TableWork work) throws IOException {
    TablePart table = oldEntries(work);
    requireSound(work, table);
    for (ClusterWork each : work.clusters()) {
      if (each.kind() != ClusterWork.Kind.IN_PLACE) {
        int index = indexOf(each);
        submitted(each);
        table.set(index, newEntry(each, table.get(index)));
      }
    }
    for (TableWork.ZeroRange range : work.zeroes()) {
      for (int i = range.from(); i < range.to(); i++) {
        L2Entry before = table.get(i);
        L2Entry zeroed = zeroing.entry(before, range.keep());
        if (!zeroed.equals(before)) {
          unlinked(before, zeroed, DiscardClass.REQUEST);
          table.set(i, zeroed);
        }
      }
    }
    // From the first submitted() to here nothing can fail (I-04); a failure of this write leaves
    // the links in memory, and the disk catches up before anything else becomes durable.
    core.mapping().write(table);
  }

  /** From the first entry that the batch changes to the last, null if there is no table. */
  private TablePart oldEntries(TableWork work) throws IOException {
    int from = geometry.l2Entries();
    int to = 0;
    for (ClusterWork each : work.clusters()) {
      if (each.kind() != ClusterWork.Kind.IN_PLACE) {
        from = Math.min(from, indexOf(each));
        to = Math.max(to, indexOf(each) + 1);
      }
    }
    for (TableWork.ZeroRange range : work.zeroes()) {
      from = Math.min(from, range.from());
      to = Math.max(to, range.to());
    }
    return core.mapping().part(work.oldL1Entry(), from, to);
  }

  private void linkTable(TableWork work) throws IOException {
    TablePart old = oldEntries(work);
    requireSound(work, old);
    work.clusters().forEach(this::submitted);
    if (old != null) {
      for (TableWork.ZeroRange range : work.zeroes()) {
        for (int i = range.from(); i < range.to(); i++) {
          unlinked(old.get(i), work.content().get(i), DiscardClass.REQUEST);
        }
      }
      core.frees().unlinked(L1Entry.offset(work.oldL1Entry()) >>> geometry.clusterBits());
    }
    core.allocator().list().linkSubmitted(work.newTable());
    long offset = work.newTable().offset(geometry.clusterBits());
    core.mapping().setL1(work.l1Index(), offset, work.content());
    core.mapping().writeL1(work.l1Index(), work.l1Index() + 1);
  }

  /**
   * What is about to be freed must be what it says (I-13), also now: the plan has seen these
   * entries, but a table may since have gone to a cluster that one of them named wrongly. Nothing
   * was submitted yet.
   */
  private void requireSound(TableWork work, TablePart old) throws IOException {
    for (ClusterWork each : work.clusters()) {
      if (!each.allocations().isEmpty()) {
        core.mapping().requireSound(each.oldEntry(), each.guestCluster());
      }
    }
    for (TableWork.ZeroRange range : work.zeroes()) {
      for (int i = range.from(); old != null && i < range.to(); i++) {
        core.mapping().requireSound(old.get(i), (long) work.l1Index() * geometry.l2Entries() + i);
      }
    }
  }

  private void submitted(ClusterWork work) {
    if (!work.allocations().isEmpty()) {
      work.allocations().forEach(core.allocator().list()::linkSubmitted);
      unlinked(work.oldEntry(), L2Entry.HOLE, DiscardClass.OTHER);
    }
  }

  /** Notes the references that an entry had and its successor does not. */
  private void unlinked(L2Entry before, L2Entry after, DiscardClass why) {
    if (geometry.externalData()) {
      return; // it referred to no cluster of the image
    }
    if (before.isCompressed()) {
      core.unlinkCompressed(before, why);
    } else if (before.hasCluster() && after.offset() != before.offset()) {
      core.frees().unlinked(before.offset() >>> geometry.clusterBits(), why);
    }
  }

  private int indexOf(ClusterWork work) {
    return (int) work.guestCluster() & (geometry.l2Entries() - 1);
  }

  private L2Entry newEntry(ClusterWork work, L2Entry before) {
    return work.newEntry(before, geometry.clusterBits());
  }

  /** A step that throws leaves the batch failed: only a later success sets another step. */
  private void enter(Step expected) {
    if (step != expected) {
      throw new IllegalStateException("the batch is " + step + ", not " + expected);
    }
    step = Step.FAILED;
  }

  @Override
  public String toString() {
    return "batch of "
        + what
        + ", "
        + step
        + ", tables "
        + Arrays.toString(tables.stream().mapToInt(TableWork::l1Index).toArray());
  }
}
