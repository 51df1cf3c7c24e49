package dev.drover.qcow2.replica;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.core.GuestView;
import dev.drover.qcow2.core.ImageCore;
import dev.drover.qcow2.core.Recount;
import dev.drover.qcow2.core.WriteBatch;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.format.PositionSlot;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A qcow2 image that follows a journal and knows its own position in it.
 *
 * <p><b>Threads.</b> One thread writes: every method except {@link #read}, {@link #slot}, {@link
 * #virtualSizeBytes} and {@link #snapshots} belongs to it. Those four may be called by any thread
 * at any time between open and close, also during a batch: a read sees, for each cluster, either
 * the whole old or the whole new mapping, and never a cluster that was freed under it.
 *
 * <p><b>The payload</b> given to {@link #commit}, {@link #giveBack} and {@link #settle} is the
 * caller's own (applied position and the rest). This class repeats the last one given wherever it
 * has to write a slot by itself (a new window, a falling clean flag).
 *
 * <p><b>One cycle</b>, in this order: {@code begin}, the four steps of {@link Batch}, {@code
 * commit}, {@code release}. {@code commit} writes the slot into the file <i>before</i> its
 * fdatasync, so the payload must claim only what was durable before: applied = end of the batch
 * committed before this one.
 *
 * <p><b>After an IOException</b> from a batch step or {@code commit}: publish {@link #unlinked()},
 * then {@code giveBack}, then begin again with <i>every change since the last commit that
 * returned</i>, or close. From {@code release}, {@code giveBack}, {@code settle} or a snapshot
 * method: call it again (they are idempotent), or close. Closing at any of these places is safe;
 * the next open then finds an unclean image and recovers.
 *
 * <p><b>A failed fdatasync</b> is never repeated into success. What was written since the last good
 * one is kept (tables, refcounts, header and slot) and written again before the next sync counts;
 * data comes again from the caller's retry, which is why it has to repeat every change since the
 * last commit that returned. {@link #syncFailed()} tells it from other errors.
 */
public final class ReplicaImage implements GuestDisk, AutoCloseable {

  /** What must happen before the first batch. */
  private enum Stage {
    OPENED,
    TO_BE_GIVEN_BACK,
    READY
  }

  private final ImageCore core;
  private final GuestView active;
  private final String name;
  private final Optional<SlotState> olderSlot;
  private Stage stage = Stage.OPENED;
  private WriteBatch batch;
  private Recount recount;
  private long commits;

  private ReplicaImage(ImageCore core, String name, Optional<SlotState> olderSlot) {
    this.core = core;
    this.active = core.activeView();
    this.name = name;
    this.olderSlot = olderSlot;
  }

  /**
   * Makes a new empty replica in an empty file and opens it; durable and clean on return.
   *
   * @param clusterSizeBytes a power of two, 4 KiB to 2 MiB
   * @param payload the first slot's payload, at most {@code PositionSlots} has room for
   */
  public static ReplicaImage create(
      BlockFile file, long virtualSizeBytes, int clusterSizeBytes, byte[] payload)
      throws IOException {
    NewImage.create(
        file,
        CreateOptions.ofSize(virtualSizeBytes)
            .withClusterSize(clusterSizeBytes)
            .withReplicaState(payload));
    return open(file);
  }

  /**
   * Opens a replica; writes nothing. Takes over the file: {@link #close()} closes it.
   *
   * @throws dev.drover.qcow2.Qcow2Exception NOT_A_REPLICA (no position), MODIFIED (another program
   *     opened it for writing), POSITION_LOST (both slots bad), CORRUPT, UNSUPPORTED (by name)
   */
  public static ReplicaImage open(BlockFile file, ReplicaOptions options) throws IOException {
    Header header = Header.read(file);
    PositionSlots slots = readSlots(file, header);
    CoreOptions bounds =
        new CoreOptions(
            options.windowBytes(),
            options.tableCacheBytes(),
            options.refcountCacheBytes(),
            options.passDiscard(),
            true);
    ImageCore core = ImageCore.open(file, header, Optional.of(slots), Optional.empty(), bounds);
    return new ReplicaImage(
        core, file.name(), slots.older().map(slot -> state(slot, header.clusterBits())));
  }

  private static PositionSlots readSlots(BlockFile file, Header header) throws Qcow2Exception {
    if (header.features().hasDataFile()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          file.name(),
          "a replica is one plain file, and this image has an external data file",
          "build the replica anew");
    }
    PositionSlots slots = PositionSlots.read(header, file.name());
    if (!header.features().isReplica() || !slots.isInPlace()) {
      throw new Qcow2Exception(
          Code.MODIFIED,
          file.name(),
          "another program has opened the image for writing: it is no replica any more",
          "build the replica anew under another path: --image PATH --replica NAME --rebuild; the"
              + " old file can still be opened as a plain image");
    }
    if (slots.newest().isEmpty()) {
      throw new Qcow2Exception(
          Code.POSITION_LOST,
          file.name(),
          "neither position slot can be read",
          "build the replica anew");
    }
    if (header.backingName().isPresent()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          file.name(),
          "a replica with a backing file is not supported",
          "build the replica anew");
    }
    return slots;
  }

  private static SlotState state(PositionSlot slot, int clusterBits) {
    return new SlotState(
        slot.generation(),
        slot.clean(),
        slot.window()
            .map(
                window ->
                    new SlotState.WindowSpan(
                        window.generation(),
                        new HostOffset(window.firstCluster() << clusterBits),
                        window.clusters() << clusterBits)),
        slot.payload());
  }

  /** {@link #open(BlockFile, ReplicaOptions)} with {@link ReplicaOptions#DEFAULT}. */
  public static ReplicaImage open(BlockFile file) throws IOException {
    return open(file, ReplicaOptions.DEFAULT);
  }

  /** The newest durable slot. Any thread. */
  public SlotState slot() {
    return state(core.durableSlot(), core.geometry().clusterBits());
  }

  /**
   * The slot before the newest one, as the image was opened; empty when it could not be read: then
   * nobody knows whether {@link #slot()} is really the newest, and the image is at no point that it
   * could vouch for before replay has reached the end of the journal.
   */
  public Optional<SlotState> olderSlot() {
    return olderSlot;
  }

  /** The virtual disk's size. Any thread. */
  @Override
  public long virtualSizeBytes() {
    return core.virtualSize();
  }

  /** The cluster size. Any thread. */
  public int clusterSizeBytes() {
    return core.geometry().clusterSize();
  }

  /**
   * To be called once after open, before anything that writes; a clean image answers at once. An
   * unclean one is recounted as {@code qemu-img check} counts. Refcounts above the references are
   * listed in the report and in {@link #unlinked()}; nothing is changed, but the metadata is
   * written as it was read, and synced. If the report {@link RecoveryReport#needsGiveBack() needs
   * it}, the only legal next calls are {@code giveBack} and {@code close}.
   *
   * @throws dev.drover.qcow2.Qcow2Exception CORRUPT when a refcount is too low or structures
   *     overlap: nothing may be written then
   */
  public RecoveryReport recover() throws IOException {
    requireStage(Stage.OPENED);
    if (core.isClean()) {
      stage = Stage.READY;
      return new RecoveryReport(true, List.of(), 0, 0);
    }
    Recount found = core.structure().recount(); // refuses before anything is written
    makeCountedDurable();
    RecoveryReport report =
        new RecoveryReport(false, found.excess(), found.excessClusters(), found.wrongFlags());
    recount = report.needsGiveBack() ? found : null;
    stage = report.needsGiveBack() ? Stage.TO_BE_GIVEN_BACK : Stage.READY;
    return report;
  }

  /**
   * A killed process may have left what was counted unsynced (I-17), or have seen its fdatasync
   * fail and told nobody: then no sync makes it durable, only writing it again does (I-14).
   */
  private void makeCountedDurable() throws IOException {
    core.structure().rewriteMetadata();
  }

  /**
   * Writes every table, refcount block and header as read, and syncs: for the first start after a
   * run that said that its last fdatasync had failed, though the image be clean. Call before {@link
   * #recover()}.
   */
  public void rewriteMetadata() throws IOException {
    requireStage(Stage.OPENED);
    core.structure().rewriteMetadata();
  }

  /**
   * Reads guest bytes into the whole of {@code destination}. Any thread.
   *
   * @throws IndexOutOfBoundsException when the range leaves the disk
   */
  @Override
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    active.read(offset, destination);
  }

  /**
   * Starts a batch; no I/O. Changes apply in the order of the list; later ones win where they
   * overlap. One batch at a time: the batch before must be committed, or failed and given back.
   */
  public Batch begin(List<GuestChange> changes) {
    requireStage(Stage.READY);
    batch = core.begin(changes);
    return new ReplicaBatch(batch);
  }

  /**
   * Step 5. Writes the slot with this payload, then one fdatasync; on return the batch linked
   * before this call is durable, and the slot too. Without a batch it just makes a new payload
   * durable (the promise before the first batch).
   */
  public void commit(byte[] payload) throws IOException {
    requireStage(Stage.READY);
    if (core.hasOpenBatch()) {
      throw new IllegalStateException("the batch is not linked: " + batch);
    }
    core.writeSlot(payload);
    core.sync();
    core.committed(++commits);
  }

  /**
   * Step 6. Frees the clusters that batches replaced or discarded, as far as a later commit's slot
   * is durable: refcounts lowered, fdatasync, punch, allocatable again. Nothing to free: no I/O.
   */
  public void release() throws IOException {
    requireStage(Stage.READY);
    core.release();
  }

  /**
   * What a give-back would free now: allocations of failed tries whose link was never submitted,
   * the unused rest of the window, after {@link #recover()} the excess it found. Ascending, merged,
   * pure: the input of the compensation record.
   */
  public List<ClusterExtent> unlinked() {
    return recount != null ? recount.excess() : core.unlinked();
  }

  /**
   * After a failed fdatasync: writes again what it left in doubt, and makes it durable; frees
   * nothing. What the kernel still shows but will never write must not outlive this process, whose
   * memory alone knows of it; so this comes before anything that can be waited for. Else no I/O.
   */
  public void makeUpForFailedSync() throws IOException {
    if (core.syncFailed()) {
      core.sync();
    }
  }

  /**
   * Frees exactly {@link #unlinked()}: guards (own, refcount 1, no table entry reaches it, link
   * never submitted; what fails a guard is quarantined until close and stays as a leak for the next
   * recount), refcounts, fdatasync, punch, slot {generation + 1, no window}, fdatasync. First
   * writes again whatever an earlier failure left unwritten.
   */
  public void giveBack(byte[] payload) throws IOException {
    if (stage == Stage.OPENED) {
      throw new IllegalStateException("recover first");
    }
    if (core.structure().needsRecount()) {
      recount = core.structure().recount();
    }
    if (recount != null) {
      core.structure().repair(recount);
    }
    core.giveBack();
    core.writeSlot(payload);
    core.sync();
    recount = null;
    stage = Stage.READY;
  }

  /**
   * Idle or stopping: everything so far durable, then the slot with this payload (applied =
   * minRecovery), pending frees released, the rest of the window given back, clean flag up.
   * Idempotent; on an image that is settled already with an equal payload it writes nothing.
   */
  public void settle(byte[] payload) throws IOException {
    requireStage(Stage.READY);
    if (core.hasOpenBatch()) {
      throw new IllegalStateException("give back the failed batch first: " + batch);
    }
    if (isSettled(payload)) {
      return;
    }
    if (core.hasUnsynced()) {
      core.sync();
    }
    if (!core.isExact()) {
      core.writeSlot(payload);
      core.sync();
      core.giveBack();
    }
    core.riseToClean(Optional.of(payload));
  }

  /** The image's snapshots, in table order. Any thread. */
  public List<SnapshotInfo> snapshots() {
    return core.structure().snapshots();
  }

  /**
   * Takes an internal snapshot of the content as it is now; durable on return. The image must be
   * settled. A snapshot with the same UUID makes this a no-op.
   *
   * @throws dev.drover.qcow2.Qcow2Exception SNAPSHOT when the image has as many as it can
   */
  public void createSnapshot(SnapshotSpec spec) throws IOException {
    mendStructure();
    core.structure().createSnapshot(spec);
  }

  /** Deletes a snapshot; as for {@link #createSnapshot}. Without one of that UUID a no-op. */
  public void deleteSnapshot(UUID uuid) throws IOException {
    mendStructure();
    core.structure().deleteSnapshot(uuid);
  }

  /**
   * Makes the disk what a snapshot holds, its size too; the snapshot stays. As for {@link
   * #createSnapshot}; doing it again changes nothing that a guest could see.
   *
   * @throws dev.drover.qcow2.Qcow2Exception SNAPSHOT when there is none of that UUID
   */
  public void revertSnapshot(UUID uuid) throws IOException {
    mendStructure();
    core.structure().revertToSnapshot(uuid);
  }

  /**
   * Changes the disk's size, a multiple of 512; as for {@link #createSnapshot}. What is added reads
   * as zeroes, what is cut off is freed.
   *
   * @throws dev.drover.qcow2.Qcow2Exception OUT_OF_RANGE when the cluster size cannot map it
   */
  public void resize(long newSizeBytes) throws IOException {
    mendStructure();
    core.structure().resize(newSizeBytes);
  }

  /** What a failed change of structure has left is mended before the next one. */
  private void mendStructure() throws IOException {
    requireStage(Stage.READY);
    if (core.structure().needsRecount()) {
      giveBack(core.lastPayload());
    }
  }

  /** Whether an fdatasync of this open image has failed and nothing has made up for it yet. */
  public boolean syncFailed() {
    return core.syncFailed();
  }

  /** Closes the file. Writes nothing: settle first, or the next open recovers. */
  @Override
  public void close() throws IOException {
    core.close();
  }

  private boolean isSettled(byte[] payload) {
    SlotState slot = slot();
    return core.isClean()
        && core.isExact()
        && !core.hasUnsynced()
        && slot.clean()
        && Arrays.equals(slot.payload(), payload);
  }

  private void requireStage(Stage needed) {
    if (stage != needed) {
      throw new IllegalStateException(name + " is " + stage + ", not " + needed);
    }
  }
}
