package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Internal snapshots. Each operation raises references first, durably; then one write of the
 * header's sector makes the change; then references are lowered, and COPIED flags made right again
 * (I-15).
 *
 * <p>A failure anywhere leaves refcounts too high or flags wrong, nothing worse; {@link Recount}
 * mends both, in this process or in the next one.
 */
final class Snapshots {

  private final ImageCore core;
  private final Geometry geometry;
  private volatile List<SnapshotEntry> entries;

  Snapshots(ImageCore core, List<SnapshotEntry> entries) {
    this.core = core;
    this.geometry = core.geometry();
    this.entries = List.copyOf(entries);
    tellPointers(core.header().snapshots());
  }

  /** Any thread. */
  List<SnapshotEntry> entries() {
    return entries;
  }

  /** Any thread. */
  List<SnapshotInfo> infos() {
    return entries.stream().map(entry -> SnapshotIdentity.info(entry, core.virtualSize())).toList();
  }

  /** The snapshot that Drover made under this UUID. */
  Optional<SnapshotEntry> find(UUID uuid) {
    return entries.stream()
        .filter(entry -> SnapshotIdentity.of(entry).stream().anyMatch(id -> id.uuid().equals(uuid)))
        .findFirst();
  }

  /** The snapshot with that id or, if there is none, the first of that name: as in QEMU. */
  SnapshotEntry find(String nameOrId) throws Qcow2Exception {
    return entries.stream()
        .filter(entry -> entry.idText().equals(nameOrId))
        .findFirst()
        .or(() -> entries.stream().filter(entry -> entry.nameText().equals(nameOrId)).findFirst())
        .orElseThrow(
            () ->
                new Qcow2Exception(
                    Code.SNAPSHOT,
                    core.disk().name(),
                    "no snapshot named " + nameOrId,
                    "see image snapshot -l"));
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

  /**
   * Refuses another size, as QEMU does, where snapshots need not say how large the disk was.
   *
   * @throws Qcow2Exception UNSUPPORTED
   */
  void requireSizes() throws Qcow2Exception {
    if (!core.header().hasFeatures() && !entries.isEmpty()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          core.disk().name(),
          "not supported: another size for an image of version 2 with snapshots",
          "amend it first: image amend -o compat=1.1");
    }
  }

  /**
   * Takes a snapshot, durably: every table and cluster of the active tree becomes shared. The
   * caller recounts after a throw.
   */
  void create(SnapshotSpec spec) throws IOException {
    core.condition().fall();
    TablePointer active = core.header().l1();
    NewTable l1Copy = NewTable.take(core, 8L * active.count());
    List<SnapshotEntry> next = new ArrayList<>(entries);
    next.add(
        SnapshotEntry.of(
            l1Copy.pointer(active.count()),
            nextId(),
            spec.name(),
            spec.time().getEpochSecond(),
            spec.time().getNano(),
            core.virtualSize(),
            SnapshotIdentity.encode(spec)));
    ByteBuffer encoded = SnapshotTable.encode(next);
    NewTable table = NewTable.take(core, encoded.remaining());
    shareActiveTree();
    l1Copy.write(Mapping.bytes(core.mapping().l1(), 0, active.count()));
    table.write(encoded);
    core.sync();
    publish(table, next, l1Copy, new ClusterSequence());
    core.releaseUnlinked();
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

  /** Clears COPIED in the active tree and adds one reference to everything in it. */
  private void shareActiveTree() throws IOException {
    long[] l1 = core.mapping().l1();
    for (int i = 0; i < l1.length; i++) {
      if (L1Entry.offset(l1[i]) != 0) {
        core.tree().visitTable(l1[i], cluster -> core.refcounts().add(cluster, 1));
        clearCopied(l1, i);
        core.boundChanges();
      }
    }
  }

  private void clearCopied(long[] l1, int index) throws IOException {
    core.writeLock().lock();
    try {
      TablePart table = core.mapping().copy(l1[index]);
      l1[index] &= ~L1Entry.COPIED;
      core.mapping().writeL1(index, index + 1);
      boolean changed = false;
      for (int i = 0; i < table.to(); i++) {
        L2Entry entry = table.get(i);
        if (!entry.isCompressed() && entry.isCopied()) {
          table.set(i, entry.shared());
          changed = true;
        }
      }
      if (changed) {
        core.mapping().write(table);
      }
    } finally {
      core.writeLock().unlock();
    }
  }

  /** Deletes a snapshot, durably. The caller recounts after a throw. */
  void delete(SnapshotEntry gone) throws IOException {
    core.condition().fall();
    ClusterSequence tree = core.tree().all(gone.l1(), l1Of(gone));
    List<SnapshotEntry> next = new ArrayList<>(entries);
    next.remove(gone);
    ByteBuffer encoded = SnapshotTable.encode(next);
    NewTable table = NewTable.take(core, encoded.remaining());
    table.write(encoded);
    core.sync();
    publish(table, next, null, tree);
    core.releaseUnlinked();
    CopiedRepair.run(core, core.refcounts()::get);
  }

  /**
   * Makes the active disk what a snapshot holds, its size too, durably; the snapshot stays. The
   * caller recounts after a throw.
   */
  void revert(SnapshotEntry kept) throws IOException {
    core.condition().fall();
    long size = sizeOf(kept);
    long[] keptL1 = l1Of(kept);
    int count = Math.max(keptL1.length, Math.toIntExact(geometry.l1EntriesFor(size)));
    long[] l1 = Arrays.copyOf(keptL1, count);
    for (int i = 0; i < l1.length; i++) {
      l1[i] &= ~L1Entry.COPIED;
    }
    ClusterSequence replaced = core.tree().all(core.header().l1(), core.mapping().l1());
    NewTable home = NewTable.take(core, 8L * count);
    core.tree()
        .visit(
            keptL1,
            cluster -> {
              core.refcounts().add(cluster, 1);
              core.boundChanges();
            });
    home.write(Mapping.bytes(l1, 0, count));
    core.sync();
    core.switchL1(home, l1, size, replaced, DiscardClass.SNAPSHOT);
    core.releaseUnlinked();
    CopiedRepair.run(core, core.refcounts()::get);
  }

  /** Gives every entry what version 3 wants to know of it, durably. */
  void complete() throws IOException {
    List<SnapshotEntry> next =
        entries.stream().map(entry -> entry.completed(core.virtualSize())).toList();
    if (next.equals(entries)) {
      return;
    }
    core.condition().fall();
    ByteBuffer encoded = SnapshotTable.encode(next);
    NewTable table = NewTable.take(core, encoded.remaining());
    table.write(encoded);
    core.sync();
    publish(table, next, null, new ClusterSequence());
    core.releaseUnlinked();
  }

  /**
   * How large the disk was when a snapshot was taken.
   *
   * @throws Qcow2Exception CORRUPT for a size that no image of these clusters can have
   */
  long sizeOf(SnapshotEntry entry) throws Qcow2Exception {
    long size = entry.virtualSize().orElse(core.virtualSize());
    if (size < 0 || size > geometry.maxVirtualSize()) {
      throw new Qcow2Exception(
          Code.CORRUPT,
          core.disk().name(),
          core.header().snapshots().offset().bytes(),
          "snapshot %s is of a disk of %s bytes, which is more than its clusters can map"
              .formatted(entry.idText(), Long.toUnsignedString(size)),
          "delete that snapshot");
    }
    return size;
  }

  private long[] l1Of(SnapshotEntry entry) throws IOException {
    core.pointers().snapshotL1(entry.l1());
    return core.mapping().readL1(entry.l1());
  }

  /**
   * One write of the header, from which on the new table counts.
   *
   * @param l1Copy of a new snapshot, else null
   * @param unlinked references that end with it, beside the old table
   */
  private void publish(
      NewTable table, List<SnapshotEntry> next, NewTable l1Copy, ClusterSequence unlinked)
      throws IOException {
    TablePointer old = core.header().snapshots();
    core.tree().addTable(unlinked, old.offset().bytes(), SnapshotTable.encodedBytes(entries));
    TablePointer pointer = table.pointer(next.size());
    core.writeLock().lock();
    try {
      if (l1Copy != null) {
        l1Copy.linkSubmitted();
      }
      table.linkSubmitted();
      entries = List.copyOf(next);
      core.frees().unlinked(unlinked, DiscardClass.SNAPSHOT);
      tellPointers(pointer);
      core.submitHeader(core.header().withSnapshots(pointer)); // no failure above it: I-04
    } finally {
      core.writeLock().unlock();
    }
  }

  private void tellPointers(TablePointer table) {
    core.pointers().snapshotTable(table.offset().bytes(), SnapshotTable.encodedBytes(entries));
  }
}
