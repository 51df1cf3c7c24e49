package dev.drover.qcow2.core;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Internal snapshots. Taking one shares every table and cluster of the active tree: COPIED flags
 * fall and refcounts rise first, durably; then one write of the header publishes the new table
 * (I-15).
 *
 * <p>A failure before that write leaves refcounts too high and flags cleared, nothing worse; {@link
 * Recount} mends both, in this process or in the next one.
 */
final class Snapshots {

  private final ImageCore core;
  private final Geometry geometry;
  private volatile List<SnapshotEntry> entries;

  Snapshots(ImageCore core, List<SnapshotEntry> entries) {
    this.core = core;
    this.geometry = core.geometry();
    this.entries = List.copyOf(entries);
    tellPointers();
  }

  /** Any thread. */
  List<SnapshotEntry> entries() {
    return entries;
  }

  /** Any thread. */
  List<SnapshotInfo> infos() {
    return entries.stream().map(entry -> SnapshotIdentity.info(entry, core.virtualSize())).toList();
  }

  boolean contains(SnapshotSpec spec) {
    return entries.stream()
        .flatMap(entry -> SnapshotIdentity.of(entry).stream())
        .anyMatch(identity -> identity.uuid().equals(spec.uuid()));
  }

  /** The newest snapshot of that name, or the one with that id. */
  SnapshotEntry find(String nameOrId) throws Qcow2Exception {
    return entries.stream()
        .filter(entry -> entry.nameText().equals(nameOrId))
        .reduce((earlier, later) -> later)
        .or(() -> entries.stream().filter(entry -> entry.idText().equals(nameOrId)).findFirst())
        .orElseThrow(
            () ->
                new Qcow2Exception(
                    Code.SNAPSHOT,
                    core.disk().name(),
                    "no snapshot named " + nameOrId,
                    "see image snapshot -l"));
  }

  /** Takes a snapshot, durably. The caller recounts after a throw. */
  void create(SnapshotSpec spec) throws IOException {
    core.fallFromClean();
    TablePointer active = core.header().l1();
    long l1Bytes = 8L * active.count();
    List<Allocation> copy = take(l1Bytes);
    TablePointer copied =
        copy.isEmpty() ? TablePointer.NONE : new TablePointer(place(copy), active.count());
    List<SnapshotEntry> next = new ArrayList<>(entries);
    next.add(
        SnapshotEntry.of(
            copied,
            nextId(),
            spec.name(),
            spec.time().getEpochSecond(),
            spec.time().getNano(),
            core.virtualSize(),
            SnapshotIdentity.encode(spec)));
    ByteBuffer table = SnapshotTable.encode(next);
    List<Allocation> home = take(table.remaining());
    shareTree();
    write(copy, Mapping.bytes(core.mapping().l1(), 0, active.count()));
    write(home, table);
    core.sync();
    publish(new TablePointer(place(home), next.size()), next, copy, home);
    core.sync();
    core.frees().releaseAll();
    core.release();
  }

  /**
   * Refuses one too many, before anything is changed. A name may occur twice, as in QEMU: the
   * journal has the last word on what exists, and an id tells them apart.
   */
  void requireRoom() throws Qcow2Exception {
    if (entries.size() >= Header.MAX_SNAPSHOTS) {
      throw new Qcow2Exception(
          Code.SNAPSHOT,
          core.disk().name(),
          "the image has " + entries.size() + " snapshots, the most it can",
          "delete one");
    }
  }

  /** One more than the highest number in use, as QEMU chooses. */
  private String nextId() {
    long highest = 0;
    for (SnapshotEntry entry : entries) {
      String id = entry.idText();
      if (id.matches("[0-9]{1,18}")) {
        highest = Math.max(highest, Long.parseLong(id));
      }
    }
    return Long.toString(highest + 1);
  }

  private List<Allocation> take(long bytes) throws IOException {
    int clusters = Math.toIntExact(geometry.clusters(bytes));
    return clusters == 0 ? List.of() : core.allocator().takeContiguous(clusters);
  }

  private HostOffset place(List<Allocation> run) {
    return new HostOffset(run.getFirst().offset(geometry.clusterBits()));
  }

  /** Writes a table whole, its last cluster padded with zeroes. */
  private void write(List<Allocation> run, ByteBuffer bytes) throws IOException {
    if (run.isEmpty()) {
      return;
    }
    ByteBuffer padded = ByteBuffer.allocate(run.size() << geometry.clusterBits());
    padded.put(bytes).clear();
    run.forEach(Allocation::aboutToBeWritten);
    core.disk().writeTable(place(run).bytes(), padded);
    run.forEach(core.allocator().list()::dataWritten);
  }

  /** Clears COPIED in the active tree and adds one reference to everything in it. */
  private void shareTree() throws IOException {
    long[] l1 = core.mapping().l1();
    for (int i = 0; i < l1.length; i++) {
      long offset = L1Entry.offset(l1[i]);
      if (offset != 0) {
        shareTable(l1, i, offset);
      }
    }
    if (l1.length > 0) {
      core.mapping().writeL1(0, l1.length);
    }
  }

  private void shareTable(long[] l1, int index, long offset) throws IOException {
    long[] table = core.mapping().table(l1[index]);
    core.refcounts().add(offset >>> geometry.clusterBits(), 1);
    boolean changed = false;
    for (long entry : table) {
      share(entry);
      changed |= isCopied(entry);
    }
    core.writeLock().lock();
    try {
      l1[index] &= ~L1Entry.COPIED;
      if (changed) {
        for (int i = 0; i < table.length; i++) {
          table[i] = isCopied(table[i]) ? table[i] & ~L2Entry.COPIED_FLAG : table[i];
        }
        core.mapping().writeTable(offset, table, 0, table.length);
      }
    } finally {
      core.writeLock().unlock();
    }
    core.boundChanges();
  }

  private static boolean isCopied(long entry) {
    return !L2Entry.isCompressed(entry) && (entry & L2Entry.COPIED_FLAG) != 0;
  }

  private void share(long entry) throws IOException {
    if (L2Entry.decode(entry, geometry.clusterBits()) instanceof L2Entry.Compressed packed) {
      for (long cluster = packed.firstCluster(geometry.clusterBits());
          cluster <= packed.lastCluster(geometry.clusterBits());
          cluster++) {
        core.refcounts().add(cluster, 1);
      }
    } else if ((entry & L2Entry.OFFSET_MASK) != 0) {
      core.refcounts().add(core.pointers().data(entry) >>> geometry.clusterBits(), 1);
    }
  }

  private void publish(
      TablePointer table, List<SnapshotEntry> next, List<Allocation> copy, List<Allocation> home)
      throws IOException {
    TablePointer old = core.header().snapshots();
    long oldClusters = geometry.clusters(SnapshotTable.encodedBytes(entries));
    AllocationList list = core.allocator().list();
    copy.forEach(list::linkSubmitted);
    home.forEach(list::linkSubmitted);
    entries = List.copyOf(next);
    for (long i = 0; i < oldClusters; i++) {
      core.frees().unlinked(old.offset().cluster(geometry.clusterBits()) + i);
    }
    tellPointers(table);
    core.submitHeader(core.header().withSnapshots(table)); // nothing may fail above it: I-04
  }

  private void tellPointers() {
    tellPointers(core.header().snapshots());
  }

  private void tellPointers(TablePointer table) {
    core.pointers().snapshotTable(table.offset().bytes(), SnapshotTable.encodedBytes(entries));
  }
}
