package dev.drover.qcow2.core;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.PassDiscard;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes host clusters and gives them back. Clusters are taken a window at a time: their refcounts
 * are durable before the first of them is used, so linking one needs no refcount write (I-02).
 *
 * <p>A freed cluster is not taken again before its lower refcount is durable and its space punched
 * (I-11): until then it is in {@code lowered}.
 */
final class Allocator {

  /** How far one search reads on for free clusters before it rather extends the file. */
  private static final long SEARCH_CLUSTERS = 4L << 20;

  private final ImageCore core;
  private final Disk disk;
  private final Geometry geometry;
  private final Refcounts refcounts;
  private final AllocationList list = new AllocationList();
  private final PendingFrees frees = new PendingFrees();
  private final FreedClusters released = new FreedClusters();
  private final ClusterRuns givingBack = new ClusterRuns();
  private final PassDiscard pass;
  private final int fullWindow;
  private int nextWindow;
  private long searchFrom;

  Allocator(
      ImageCore core, Disk disk, Geometry geometry, Refcounts refcounts, CoreOptions options) {
    this.core = core;
    this.disk = disk;
    this.geometry = geometry;
    this.refcounts = refcounts;
    this.pass = options.passDiscard();
    this.fullWindow = Math.clamp(options.windowBytes() >> geometry.clusterBits(), 1, 1 << 16);
    this.nextWindow = fullWindow;
  }

  AllocationList list() {
    return list;
  }

  /** Whether the space of what becomes free like this goes back to the host. */
  boolean passes(DiscardClass freed) {
    return pass.passes(freed);
  }

  PendingFrees frees() {
    return frees;
  }

  /** Sees to it that {@link AllocationList#take} can be called this often. */
  void ensure(int clusters) throws IOException {
    while (list.available() < clusters) {
      takeWindow();
    }
  }

  private void takeWindow() throws IOException {
    while (true) {
      long firstNew = geometry.clusters(disk.length());
      long searchedFrom = searchFrom;
      SpacePlan plan = plan(find(nextWindow, firstNew), firstNew);
      try {
        extend(plan);
      } catch (DiskFullException e) {
        searchFrom = searchedFrom;
        if (nextWindow == 1) {
          throw e;
        }
        nextWindow /= 2;
        continue;
      }
      core.condition().announceWindow(plan.clusters().getFirst(), plan.end());
      core.sync();
      try {
        raise(plan, firstNew).forEach(list::offer);
        nextWindow = fullWindow;
      } catch (DiskFullException e) {
        nextWindow = Math.max(1, nextWindow / 2);
        throw e;
      }
      return;
    }
  }

  /**
   * Takes neighbouring clusters for a table, in order; they are on the list, their refcounts
   * durable.
   */
  List<Allocation> takeContiguous(int clusters) throws IOException {
    long firstNew = geometry.clusters(disk.length());
    long start = findRun(clusters, firstNew);
    List<Long> run = new ArrayList<>();
    for (int i = 0; i < clusters; i++) {
      run.add(start + i);
    }
    SpacePlan plan = plan(run, Math.max(firstNew, start + clusters));
    extend(plan);
    core.condition().announceChange();
    core.sync();
    return raise(plan, firstNew);
  }

  private SpacePlan plan(List<Long> clusters, long fileEnd) throws IOException {
    long end = Math.max(fileEnd, clusters.getLast() + 1);
    while (true) {
      SpacePlan plan = new SpacePlan(geometry, refcounts, clusters, end, disk.name());
      long used = lastUsed(plan);
      if (used < end) {
        return plan;
      }
      end = used + 1;
    }
  }

  /**
   * The last cluster that a plan wants and that is counted: behind the file's end, of which a part
   * was lost. None is below the plan's own blocks and table; -1 if there is none.
   *
   * @throws dev.drover.qcow2.Qcow2Exception CORRUPT for one that is not counted, and is a table
   */
  private long lastUsed(SpacePlan plan) throws IOException {
    long used = -1;
    for (long cluster : plan.all()) {
      core.pointers().free(cluster << geometry.clusterBits());
      if (refcounts.get(cluster) != 0) {
        used = Math.max(used, cluster);
      }
    }
    return used;
  }

  /** Free clusters of the file, completed by new ones at its end. */
  private List<Long> find(int wanted, long fileEnd) throws IOException {
    List<Long> found = new ArrayList<>(wanted);
    long limit = Math.min(fileEnd, searchFrom + SEARCH_CLUSTERS);
    while (found.size() < wanted && searchFrom < limit) {
      searchFrom = refcounts.nextFree(searchFrom, limit);
      if (searchFrom < limit) {
        if (isTakeable(searchFrom)) {
          found.add(searchFrom);
        }
        searchFrom++;
      }
    }
    for (long cluster = fileEnd; found.size() < wanted; cluster++) {
      if (refcounts.get(cluster) == 0) { // a file that was cut off counts what it has lost
        found.add(cluster);
      }
    }
    return found;
  }

  private boolean isTakeable(long cluster) {
    return cluster != 0
        && !list.contains(cluster)
        && !released.contains(cluster)
        && !givingBack.contains(cluster);
  }

  private long findRun(int clusters, long fileEnd) throws IOException {
    long start = 0;
    long at = 0;
    long limit = Math.min(fileEnd, SEARCH_CLUSTERS);
    while (at < limit) {
      long free = refcounts.nextFree(at, limit);
      if (free >= limit) {
        break;
      }
      if (free != at || !isTakeable(free)) {
        start = isTakeable(free) ? free : free + 1;
      }
      at = free + 1;
      if (at - start == clusters) {
        return start;
      }
    }
    for (start = fileEnd, at = fileEnd; at - start < clusters; at++) {
      start = refcounts.get(at) == 0 ? start : at + 1;
    }
    return start;
  }

  private void extend(SpacePlan plan) throws IOException {
    long bytes = plan.end() << geometry.clusterBits();
    if (bytes > disk.length()) {
      disk.extendTo(bytes);
    }
  }

  /**
   * Raises the refcounts of a plan, durably. Every cluster is on the list first, so that any
   * failure leaves it to be given back. New blocks and a new table are durable, and count
   * themselves, before anything points at them (I-03).
   */
  private List<Allocation> raise(SpacePlan plan, long firstNew) throws IOException {
    List<Allocation> wanted = new ArrayList<>(plan.clusters().size());
    for (long cluster : plan.clusters()) {
      wanted.add(list.add(cluster, cluster >= firstNew));
    }
    plan.blocks()
        .forEach((number, home) -> refcounts.addUnpublished(number, list.add(home, false)));
    List<Allocation> table = new ArrayList<>();
    for (int i = 0; i < plan.tableClusters(); i++) {
      table.add(list.add(plan.tableStart() + i, false));
    }
    for (long cluster : plan.all()) {
      refcounts.set(cluster, 1);
    }
    refcounts.writeChanged();
    if (refcounts.hasUnpublished()) {
      refcounts.writeUnpublished();
      if (!table.isEmpty()) {
        disk.writeTable(
            plan.tableStart() << geometry.clusterBits(),
            refcounts.tableWithUnpublished(plan.tableClusters()));
      }
      core.sync();
      publish(plan, table);
    }
    core.sync();
    return wanted;
  }

  private void publish(SpacePlan plan, List<Allocation> table) throws IOException {
    if (table.isEmpty()) {
      refcounts.publish(list);
      return;
    }
    HostOffset start = new HostOffset(plan.tableStart() << geometry.clusterBits());
    table.forEach(list::linkSubmitted);
    TablePointer old = refcounts.switchTable(start, plan.tableClusters(), list);
    for (long i = 0; i < old.count(); i++) {
      frees.unlinked(old.offset().cluster(geometry.clusterBits()) + i);
    }
    core.submitHeader(core.header().withRefcountTable(refcounts.place()));
  }

  /** Frees what may be freed by now; durable, punched and takeable again on return. */
  void release() throws IOException {
    while (frees.hasReleasable()) {
      long cluster = frees.peek();
      if (refcounts.add(cluster, -1) == 0) {
        released.add(cluster, frees.peekClass());
      }
      frees.released();
      core.boundChanges();
    }
    if (refcounts.changedBlocks() > 0 || !released.isEmpty()) {
      released.byClass().values().forEach(core::forget);
      core.sync();
      released.byClass().forEach((why, freed) -> punched(freed, pass.passes(why)));
    }
  }

  /**
   * Nothing that was written into the list's clusters matters any more. Forgotten before the next
   * sync, which may otherwise ask a full disk for room to write it again.
   */
  void forgetUnlinked() {
    list.closeWindow();
    core.packer().drop();
    ClusterRuns unlinked = new ClusterRuns();
    list.open().forEach(allocation -> unlinked.add(allocation.cluster()));
    core.forget(unlinked);
    refcounts.dropUnpublished();
  }

  /** Frees the list: what this process took and never linked. */
  void giveBack() throws IOException {
    forgetUnlinked();
    for (Allocation reference : List.copyOf(list.packed())) {
      giveBackPacked(reference);
    }
    for (Allocation allocation : List.copyOf(list.open())) {
      giveBack(allocation);
    }
    if (!givingBack.isEmpty()) {
      core.sync();
      punched(givingBack, pass.passes(DiscardClass.OTHER));
    }
  }

  private void giveBack(Allocation allocation) throws IOException {
    long cluster = allocation.cluster();
    long count = refcounts.isPublished(cluster) ? refcounts.get(cluster) : 0;
    if (count == 0) {
      list.givenBack(allocation); // the failure came before its refcount rose
      searchFrom = Math.min(searchFrom, cluster);
      return;
    }
    if (count != 1 || core.isReachable(allocation)) {
      list.quarantine(allocation); // a guard: whatever this is, it is not ours alone (I-07)
      return;
    }
    refcounts.set(cluster, 0);
    givingBack.add(cluster);
    list.givenBack(allocation);
  }

  /** Takes away one reference; the cluster is free when no other piece holds one. */
  private void giveBackPacked(Allocation reference) throws IOException {
    long cluster = reference.cluster();
    if (refcounts.get(cluster) == 0 || core.isReachable(reference)) {
      list.quarantine(reference); // as above
      return;
    }
    if (refcounts.add(cluster, -1) == 0) {
      givingBack.add(cluster);
    }
    list.givenBack(reference);
  }

  private void punched(ClusterRuns freed, boolean punch) {
    freed
        .extents(geometry.clusterBits())
        .forEach(
            extent -> {
              long start = extent.start().bytes();
              if (punch) {
                disk.punch(start, extent.bytes(geometry.clusterSize()));
              }
              searchFrom = Math.min(searchFrom, start >>> geometry.clusterBits());
            });
    freed.clear();
  }

  /**
   * Sets refcounts to what a recount found, durably; what was on the list or waited to be freed is
   * part of that.
   */
  void recounted(ClusterRuns excess, CountByCluster references) throws IOException {
    list.recounted();
    frees.clear();
    released.clear();
    for (ClusterExtent extent : excess.extents(0)) {
      long first = extent.start().bytes();
      for (long cluster = first; cluster < first + extent.clusters(); cluster++) {
        long count = references.of(cluster);
        refcounts.set(cluster, count);
        if (count == 0 && !givingBack.contains(cluster)) {
          givingBack.add(cluster);
        }
        core.boundChanges();
      }
    }
    core.forget(givingBack);
    core.sync();
    punched(givingBack, pass.passes(DiscardClass.OTHER));
    searchFrom = 0;
  }

  /** A count for each cluster. */
  @FunctionalInterface
  interface CountByCluster {
    long of(long cluster);
  }

  /** What {@link #giveBack} would free, or has begun to. */
  ClusterRuns unlinked() {
    ClusterRuns runs = new ClusterRuns();
    list.open().forEach(allocation -> runs.add(allocation.cluster()));
    runs.addAll(givingBack);
    return runs;
  }

  /** Nothing set aside, nothing waiting to be freed: refcounts equal references. */
  boolean isExact() {
    return list.isEmpty() && frees.isEmpty() && released.isEmpty() && givingBack.isEmpty();
  }
}
