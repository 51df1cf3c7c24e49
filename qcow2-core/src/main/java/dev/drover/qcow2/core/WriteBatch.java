package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
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
    PLANNED,
    ALLOCATED,
    DATA_WRITTEN,
    BARRIER_PASSED,
    LINKED,
    FAILED
  }

  private final ImageCore core;
  private final Geometry geometry;
  private final List<GuestChange> changes;
  private final long diskEnd;
  private Collection<TableWork> tables = List.of();
  private boolean needsBarrier;
  private Step step = Step.PLANNED;

  /**
   * @param diskEnd the disk's size: what a cluster holds behind it is nobody's
   */
  WriteBatch(ImageCore core, List<GuestChange> changes, long diskEnd) {
    this.core = core;
    this.geometry = core.geometry();
    this.changes = List.copyOf(changes);
    this.diskEnd = diskEnd;
  }

  /** Whether all steps are done. */
  public boolean isLinked() {
    return step == Step.LINKED;
  }

  /** Step 1: plans against the mapping as it is, and takes what the plan needs. */
  public void allocate() throws IOException {
    enter(Step.PLANNED);
    core.requireWritable();
    ChangeOverlay overlay = new ChangeOverlay(changes);
    tables = BatchPlan.of(overlay.segments(), geometry, core.mapping(), diskEnd, core.isBacked());
    int clusters = 0;
    boolean changesTables = false;
    for (TableWork table : tables) {
      changesTables |= table.changesTable();
      clusters += table.needsNewTable() ? 1 : 0;
      for (ClusterWork work : table.clusters()) {
        clusters += work.kind() == ClusterWork.Kind.NEW ? 1 : 0;
      }
    }
    if (changesTables) {
      core.condition().fall();
    }
    core.allocator().ensure(clusters);
    assign();
    step = Step.ALLOCATED;
  }

  private void assign() {
    AllocationList list = core.allocator().list();
    for (TableWork table : tables) {
      for (ClusterWork work : table.clusters()) {
        if (work.kind() == ClusterWork.Kind.NEW) {
          work.assign(list.take());
        }
      }
      if (table.needsNewTable()) {
        table.assign(list.take());
      }
    }
  }

  /** Step 2: data, fill, and new L2 tables whole. */
  public void writeData() throws IOException {
    enter(Step.ALLOCATED);
    DataWriter writer = new DataWriter(core);
    for (TableWork table : tables) {
      for (ClusterWork work : table.clusters()) {
        writer.write(work);
        needsBarrier |= work.kind() != ClusterWork.Kind.IN_PLACE && !core.isJournaled();
      }
    }
    writer.flush();
    needsBarrier |= writer.hasFilled();
    AllocationList list = core.allocator().list();
    for (TableWork table : tables) {
      if (table.needsNewTable()) {
        writeNewTable(table);
        list.dataWritten(table.newTable());
        needsBarrier = true;
      }
      for (ClusterWork work : table.clusters()) {
        if (work.allocation() != null) {
          list.dataWritten(work.allocation());
        }
      }
    }
    step = Step.DATA_WRITTEN;
  }

  private void writeNewTable(TableWork work) throws IOException {
    long[] old = core.mapping().table(work.oldL1Entry());
    long[] content = old == null ? new long[geometry.l2Entries()] : old.clone();
    for (int i = 0; i < content.length; i++) {
      if (!L2Entry.isCompressed(content[i])) {
        content[i] &= ~L2Entry.COPIED_FLAG; // both tables point at these clusters now
      }
    }
    for (ClusterWork each : work.clusters()) {
      content[indexOf(each)] = newEntry(each);
    }
    for (TableWork.ZeroRange range : work.zeroes()) {
      for (int i = range.from(); i < range.to(); i++) {
        content[i] = BatchPlan.zeroed(content[i], range.keep(), core.isBacked());
      }
    }
    work.content(content);
    work.newTable().aboutToBeWritten();
    core.disk()
        .writeTable(
            work.newTable().offset(geometry.clusterBits()),
            Mapping.bytes(content, 0, content.length));
  }

  /** Step 3: what the links will make reachable, and replay does not rewrite, becomes durable. */
  public void barrier() throws IOException {
    enter(Step.DATA_WRITTEN);
    if (needsBarrier) {
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
    long[] table = core.mapping().table(work.oldL1Entry());
    int from = Integer.MAX_VALUE;
    int to = 0;
    for (ClusterWork each : work.clusters()) {
      if (each.kind() != ClusterWork.Kind.IN_PLACE) {
        int index = indexOf(each);
        submitted(each);
        table[index] = newEntry(each);
        from = Math.min(from, index);
        to = Math.max(to, index + 1);
      }
    }
    for (TableWork.ZeroRange range : work.zeroes()) {
      for (int i = range.from(); i < range.to(); i++) {
        long zeroed = BatchPlan.zeroed(table[i], range.keep(), core.isBacked());
        if (zeroed != table[i]) {
          unlinked(table[i], zeroed);
          table[i] = zeroed;
        }
      }
      from = Math.min(from, range.from());
      to = Math.max(to, range.to());
    }
    // From the first submitted() to here nothing can fail (I-04); a failure of this write leaves
    // the links in memory, and the disk catches up before anything else becomes durable.
    core.mapping().writeTable(L1Entry.offset(work.oldL1Entry()), table, from, to);
  }

  private void linkTable(TableWork work) throws IOException {
    long[] old = core.mapping().table(work.oldL1Entry());
    work.clusters().forEach(this::submitted);
    if (old != null) {
      for (TableWork.ZeroRange range : work.zeroes()) {
        for (int i = range.from(); i < range.to(); i++) {
          unlinked(old[i], work.content()[i]);
        }
      }
      core.frees().unlinked(L1Entry.offset(work.oldL1Entry()) >>> geometry.clusterBits());
    }
    core.allocator().list().linkSubmitted(work.newTable());
    long offset = work.newTable().offset(geometry.clusterBits());
    core.mapping().setL1(work.l1Index(), offset, work.content());
    core.mapping().writeL1(work.l1Index(), work.l1Index() + 1);
  }

  private void submitted(ClusterWork work) {
    if (work.allocation() != null) {
      core.allocator().list().linkSubmitted(work.allocation());
      unlinked(work.oldEntry(), 0);
    }
  }

  /** Notes the references that an entry had and its successor does not. */
  private void unlinked(long before, long after) {
    if (L2Entry.isCompressed(before)) {
      core.unlinkCompressed(before);
      return;
    }
    long offset = before & L2Entry.OFFSET_MASK;
    if (offset != 0 && (after & L2Entry.OFFSET_MASK) != offset) {
      core.frees().unlinked(offset >>> geometry.clusterBits());
    }
  }

  private int indexOf(ClusterWork work) {
    return (int) work.guestCluster() & (geometry.l2Entries() - 1);
  }

  private long newEntry(ClusterWork work) {
    return switch (work.kind()) {
      case IN_PLACE -> work.oldEntry();
      case REVIVED -> work.oldEntry() & ~L2Entry.ZERO_FLAG;
      case NEW -> work.allocation().offset(geometry.clusterBits()) | L2Entry.COPIED_FLAG;
    };
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
        + changes.size()
        + " changes, "
        + step
        + ", tables "
        + Arrays.toString(tables.stream().mapToInt(TableWork::l1Index).toArray());
  }
}
