package dev.drover.qcow2.core;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.SnapshotEntry;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * What of an image is changed as a whole, by one write of the header's sector: its snapshots and
 * its size. Such a change finds the image at rest and leaves it at rest; when it fails, only a
 * recount of all references can tell what it has left, so that comes before anything else (I-15).
 *
 * <p>The writing thread only, except {@link #snapshots}.
 */
public final class Structure {

  private final ImageCore core;
  private final Snapshots snapshots;
  private final Bitmaps bitmaps;
  private boolean recountNeeded;

  Structure(ImageCore core, List<SnapshotEntry> found) {
    this.core = core;
    this.snapshots = new Snapshots(core, found);
    this.bitmaps = new Bitmaps(core, this);
  }

  /** The dirty bitmaps of a plain image. */
  public Bitmaps bitmaps() {
    return bitmaps;
  }

  /** What is left to do before the image is closed: the bitmaps' bits. */
  public void close() throws IOException {
    if (core.isSound()) {
      bitmaps.store();
    }
  }

  /** The snapshot with that id or, if there is none, the first of that name. */
  SnapshotEntry findUsable(String nameOrId) throws Qcow2Exception {
    SnapshotEntry entry = snapshots.find(nameOrId);
    snapshots.sizeOf(entry);
    return entry;
  }

  /** Whether the snapshot is still there. Any thread. */
  boolean has(SnapshotEntry entry) {
    return snapshots.entries().contains(entry);
  }

  /**
   * Counts all references; writes nothing.
   *
   * @throws Qcow2Exception CORRUPT when a refcount is too low or structures overlap
   */
  public Recount recount() throws IOException {
    return Recount.of(core, snapshots.entries());
  }

  /**
   * Makes refcounts and COPIED flags agree with what was counted, durably. First everything that
   * was counted becomes durable itself: a killed process may have left links unsynced, and a
   * cluster must not be freed on the word of a link that a power cut can still take back.
   */
  public void repair(Recount recount) throws IOException {
    core.dropBatch();
    core.allocator().forgetUnlinked();
    core.sync();
    recount.repair();
    core.trimDataFile(); // an interrupted resize may have left it longer
    core.condition().windowClosed();
    bitmaps.recounted();
    recountNeeded = false;
  }

  /** Whether only a recount can tell what a failed structural change has left. */
  public boolean needsRecount() {
    return recountNeeded;
  }

  /** Writes all metadata back as it reads, durably. */
  public void rewriteMetadata() throws IOException {
    new MetadataRewrite(core).run(snapshots.entries());
  }

  /** The image's snapshots. Any thread. */
  public List<SnapshotInfo> snapshots() {
    return snapshots.infos();
  }

  /** A change of the image's structure, which the header's sector makes at one moment. */
  @FunctionalInterface
  interface StructuralChange {
    void run() throws IOException;
  }

  /** Runs it on an image at rest; after a throw {@link #needsRecount}. */
  void change(StructuralChange change) throws IOException {
    core.requireWritable();
    if (recountNeeded || !core.isExact() || core.hasUnsynced() || core.hasOpenBatch()) {
      throw new IllegalStateException("settle before a change of structure");
    }
    recountNeeded = true;
    change.run();
    recountNeeded = false;
  }

  /** In a data file each guest cluster has one place: there is none for what a snapshot keeps. */
  private void requireOwnData() throws Qcow2Exception {
    if (core.hasDataFile()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          core.disk().name(),
          "has an external data file, which internal snapshots cannot be kept in",
          "copy it into an image without one: image convert -O qcow2 FILE NEW");
    }
  }

  /**
   * Takes a snapshot, durably; nothing if one with this UUID is there. Nothing may be set aside,
   * pending or unsynced.
   */
  public void createSnapshot(SnapshotSpec spec) throws IOException {
    requireOwnData();
    if (snapshots.find(spec.uuid()).isEmpty()) {
      snapshots.requireRoom();
      change(() -> snapshots.create(spec));
    }
  }

  /** Deletes a snapshot, durably; as for {@link #createSnapshot}. */
  public void deleteSnapshot(String nameOrId) throws IOException {
    requireOwnData();
    SnapshotEntry entry = snapshots.find(nameOrId);
    change(() -> snapshots.delete(entry));
  }

  /** Deletes the snapshot with this UUID, durably; nothing if there is none. */
  public void deleteSnapshot(UUID uuid) throws IOException {
    Optional<SnapshotEntry> entry = snapshots.find(uuid);
    if (entry.isPresent()) {
      change(() -> snapshots.delete(entry.get()));
    }
  }

  /** Makes the disk what a snapshot holds, durably; as for {@link #createSnapshot}. */
  public void revertToSnapshot(String nameOrId) throws IOException {
    requireOwnData();
    SnapshotEntry entry = findUsable(nameOrId);
    bitmaps.requireNone();
    change(() -> snapshots.revert(entry));
  }

  /** The same for the snapshot with this UUID, which must be there. */
  public void revertToSnapshot(UUID uuid) throws IOException {
    Optional<SnapshotEntry> entry = snapshots.find(uuid);
    if (entry.isEmpty()) {
      throw new Qcow2Exception(
          Code.SNAPSHOT, core.disk().name(), "no snapshot with id " + uuid, "build the image anew");
    }
    change(() -> snapshots.revert(entry.get()));
  }

  /**
   * Changes the disk's size, durably; what is added reads as zeroes. As for {@link
   * #createSnapshot}.
   */
  public void resize(long newSize) throws IOException {
    Resize resize = new Resize(core, newSize);
    if (newSize != core.virtualSize()) {
      snapshots.requireSizes();
      bitmaps.requireResizable(newSize);
      change(
          () -> {
            bitmaps.resizing(newSize);
            resize.run();
            bitmaps.resized();
          });
    } else {
      // all that a first try may have left undone
      core.trimDataFile();
      bitmaps.storeIfResized();
    }
  }

  /** Lets go of everything that the disk holds itself, durably. As for {@link #createSnapshot}. */
  public void empty() throws IOException {
    change(new Emptying(core)::run);
  }

  /** Refuses an image that version 2 cannot say, with a disk of this size; changes nothing. */
  public void requireExpandableZeroes(long size) throws IOException {
    new ZeroFlags(core, snapshots.entries()).requireExpandable(size);
  }

  /** Empties entries that say zero and keep no cluster, durably. */
  public void clearZeroFlags() throws IOException {
    change(new ZeroFlags(core, snapshots.entries())::clear);
  }

  /**
   * Rewrites the header, for another version perhaps, durably and at one stroke; nothing but
   * closing may follow. As for {@link #createSnapshot}.
   */
  public void rewriteHeader(UnaryOperator<Header> next) throws IOException {
    change(
        () -> {
          if (!core.header().hasFeatures()) {
            snapshots.complete(); // version 3 wants to know more of them
          }
          new HeaderRewrite(core, next.apply(core.header())).run();
        });
  }

  /**
   * Names another backing file in the header, or none, durably and at one stroke. The disk that
   * shows through the holes of this open image stays. As for {@link #createSnapshot}.
   *
   * @throws Qcow2Exception INVALID_OPTION for an image whose data file is readable as a raw one
   */
  public void renameBacking(Optional<BackingReference> reference) throws IOException {
    long autoclear = core.header().features().autoclear();
    if (reference.isPresent() && (autoclear & Features.RAW_EXTERNAL_DATA) != 0) {
      throw new Qcow2Exception(
          Code.INVALID_OPTION,
          core.disk().name(),
          "its data file is to be readable as a raw image, which a backing file would end",
          "copy it into an image without data_file_raw: image convert");
    }
    HeaderRewrite rewrite = new HeaderRewrite(core, core.header().withBacking(reference));
    change(rewrite::run);
  }
}
