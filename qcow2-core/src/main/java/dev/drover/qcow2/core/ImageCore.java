package dev.drover.qcow2.core;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestExtent;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.PositionSlot;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One open image: what it has in memory, and the rules that hold between the parts.
 *
 * <p><b>Memory is ahead of the file, the file is ahead of the disk, and each only ever catches
 * up.</b> A table is changed in memory first and written through; {@link #sync} makes everything
 * written durable. Nothing is rolled back: what fails is finished later, and what was taken and
 * never linked is given back from the {@link AllocationList}.
 *
 * <p><b>Threads.</b> One thread writes. Any thread may {@link #read}; it holds the read lock during
 * its I/O, and mappings change under the write lock only. So a reader sees each cluster's old or
 * new place, and a freed cluster has no reader left: it was unlinked under the write lock, and who
 * came later resolves anew.
 *
 * <p><b>Clean</b> means that refcounts equal references. It falls, durably, before the first change
 * that could end that, in the position slot and in the standard dirty bit, so that QEMU too repairs
 * the image before it writes.
 */
public final class ImageCore {

  /** A long operation syncs when this much is remembered of what is not durable. */
  private static final long UNSYNCED_LIMIT_BYTES = 16L << 20;

  private static final int CHANGED_BLOCKS_LIMIT = 256;

  private final Disk disk;
  private final Geometry geometry;
  private final Pointers pointers;
  private final Mapping mapping;
  private final Refcounts refcounts;
  private final Allocator allocator;
  private final GuestReader reader;
  private final Optional<GuestDisk> backing;
  private final Optional<Slots> slots;
  private final boolean journaled;
  private final Snapshots snapshots;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private volatile Header header;
  private Optional<PositionSlot.Window> window = Optional.empty();
  private boolean clean;
  private long fellAtSync = -1;
  private WriteBatch batch;
  private boolean recountNeeded;

  private ImageCore(
      BlockFile file,
      Header header,
      Optional<PositionSlots> places,
      Optional<GuestDisk> backing,
      CoreOptions options)
      throws IOException {
    this.disk = new Disk(file);
    this.header = header;
    this.geometry = header.geometry();
    this.backing = backing;
    this.journaled = options.journaled();
    this.pointers = new Pointers(disk, geometry);
    this.mapping = new Mapping(disk, geometry, header.l1(), pointers, options.tableCacheBytes());
    this.refcounts =
        new Refcounts(
            disk, geometry, header.refcountTable(), pointers, options.refcountCacheBytes());
    this.allocator = new Allocator(this, disk, geometry, refcounts, options);
    this.reader =
        new GuestReader(
            disk,
            geometry,
            mapping,
            pointers,
            new Decompressor(header.compression(), file.name()),
            backing);
    this.slots = places.map(found -> new Slots(disk, found));
    this.snapshots = new Snapshots(this, SnapshotTable.read(file, header));
    this.clean =
        !header.features().isDirty() && slots.map(each -> each.durable().clean()).orElse(true);
  }

  /** Opens an image whose header was read from {@code file}; writes nothing. */
  public static ImageCore open(
      BlockFile file,
      Header header,
      Optional<PositionSlots> places,
      Optional<GuestDisk> backing,
      CoreOptions options)
      throws IOException {
    return new ImageCore(file, header, places, backing, options);
  }

  // ---- what the parts ask of each other ----

  Disk disk() {
    return disk;
  }

  Mapping mapping() {
    return mapping;
  }

  Refcounts refcounts() {
    return refcounts;
  }

  Pointers pointers() {
    return pointers;
  }

  Allocator allocator() {
    return allocator;
  }

  PendingFrees frees() {
    return allocator.frees();
  }

  Lock writeLock() {
    return lock.writeLock();
  }

  boolean isJournaled() {
    return journaled;
  }

  /** Whether a backing disk shows through the holes. */
  public boolean isBacked() {
    return backing.isPresent();
  }

  /** The header as memory has it. Any thread. */
  public Header header() {
    return header;
  }

  public Geometry geometry() {
    return geometry;
  }

  /** Size of the disk. Any thread. */
  public long virtualSize() {
    return header.virtualSize();
  }

  /** Writes header fields: one write of one sector. */
  void submitHeader(Header next) throws IOException {
    header = next;
    disk.writeTable(0, next.encodeFields());
  }

  /** Refuses to write to an image that has shown itself corrupt. */
  void requireWritable() throws Qcow2Exception {
    pointers.requireSound();
    if (header.features().isCorrupt()) {
      throw new Qcow2Exception(
          Code.CORRUPT,
          disk.name(),
          "another program has marked the image corrupt",
          "repair it with image check, or restore it from a copy");
    }
  }

  /** A long operation calls this between its writes, to bound what {@link Disk} remembers. */
  void boundUnsynced() throws IOException {
    if (disk.unsyncedBytes() > UNSYNCED_LIMIT_BYTES) {
      sync();
    }
  }

  /** The same for one that changes refcounts. */
  void boundChanges() throws IOException {
    if (refcounts.changedBlocks() > CHANGED_BLOCKS_LIMIT) {
      sync();
    }
    boundUnsynced();
  }

  /** Drops everything that is remembered of clusters that are no longer in use. */
  void forget(ClusterRuns freed) {
    disk.forget(freed, geometry.clusterBits());
    freed
        .extents(geometry.clusterBits())
        .forEach(
            extent -> {
              long end = extent.end(geometry.clusterSize()).bytes();
              for (long at = extent.start().bytes(); at < end; at += geometry.clusterSize()) {
                refcounts.forget(at);
                mapping.forget(at);
              }
            });
  }

  /** Whether the table entry that an allocation was meant for points at it: then it stays. */
  boolean isReachable(Allocation allocation) throws IOException {
    long offset = allocation.offset(geometry.clusterBits());
    if (allocation.l1Index() >= 0) {
      return L1Entry.offset(mapping.l1()[allocation.l1Index()]) == offset;
    }
    if (allocation.guestCluster() >= 0) {
      long entry = mapping.entry(mapping.l1(), allocation.guestCluster());
      return !L2Entry.isCompressed(entry) && (entry & L2Entry.OFFSET_MASK) == offset;
    }
    return false;
  }

  /** Whether a new cluster needs no bytes from below: what was there reads as zeroes. */
  boolean readsAsZeroes(ClusterWork work) {
    long entry = work.oldEntry();
    if (L2Entry.isCompressed(entry)) {
      return false;
    }
    boolean zero = (entry & L2Entry.ZERO_FLAG) != 0;
    return zero || (entry & L2Entry.OFFSET_MASK) == 0 && backing.isEmpty();
  }

  void readOld(ClusterWork work, ByteBuffer whole) throws IOException {
    reader.readCluster(work.oldEntry(), work.guestCluster(), whole);
  }

  void unlinkCompressed(long entry) {
    if (L2Entry.decode(entry, geometry.clusterBits()) instanceof L2Entry.Compressed packed) {
      for (long cluster = packed.firstCluster(geometry.clusterBits());
          cluster <= packed.lastCluster(geometry.clusterBits());
          cluster++) {
        frees().unlinked(cluster);
      }
    }
  }

  // ---- durability, the clean flag and the slots ----

  /** Makes everything in memory durable: an earlier failure's leftovers first. */
  public void sync() throws IOException {
    refcounts.writeChanged();
    disk.sync();
    slots.ifPresent(Slots::synced);
    allocator.list().synced();
  }

  /** Whether memory or file have something that is not durable. */
  public boolean hasUnsynced() {
    return disk.hasUnsynced() || refcounts.changedBlocks() > 0;
  }

  public boolean syncFailed() {
    return disk.syncFailed();
  }

  /** How many fdatasyncs have failed. */
  public long failedSyncs() {
    return disk.failedSyncs();
  }

  /** Writes feature bits as a program must that opens the image for writing. */
  public void prepareForWriting(Features features) throws IOException {
    requireWritable();
    if (!features.equals(header.features())) {
      submitHeader(header.withFeatures(features));
      sync();
    }
  }

  public boolean isClean() {
    return clean;
  }

  /** Writes that the image is not clean any more; the caller syncs before its change. */
  void announceChange() throws IOException {
    if (clean) {
      if (slots.isPresent() && disk.syncs() == 0) {
        sync(); // a killed process may have left the newest slot unsynced (I-12)
      }
      clean = false;
      fellAtSync = disk.syncs();
      submitHeader(header.withFeatures(header.features().withDirty(true)));
      if (slots.isPresent()) {
        writeSlot(slots.get().written().payload());
      }
    }
  }

  /** Writes which span a window comes from; the caller syncs before its change. */
  void announceWindow(long first, long end) throws IOException {
    announceChange();
    if (slots.isPresent()) {
      long generation = slots.get().nextGeneration();
      window = Optional.of(new PositionSlot.Window(generation, first, end - first));
      writeSlot(slots.get().written().payload());
    }
  }

  /** Clean falls, durably, unless it has. */
  void fallFromClean() throws IOException {
    announceChange();
    if (fellAtSync == disk.syncs()) {
      sync();
    }
  }

  /** Refcounts equal references again: says so, durably. */
  public void riseToClean(Optional<byte[]> payload) throws IOException {
    if (!allocator.isExact() || hasUnsynced()) {
      throw new IllegalStateException("the image is not exact");
    }
    clean = true;
    window = Optional.empty();
    if (header.features().isDirty()) {
      submitHeader(header.withFeatures(header.features().withDirty(false)));
    }
    if (payload.isPresent()) {
      writeSlot(payload.get());
    }
    sync();
  }

  /** Writes a slot as things are; durable with the next sync. */
  public void writeSlot(byte[] payload) throws IOException {
    slots.orElseThrow().write(clean, window, payload);
  }

  /** The payload of the slot written last. */
  public byte[] lastPayload() {
    return slots.orElseThrow().written().payload();
  }

  /** The newest durable slot of a replica. Any thread. */
  public PositionSlot durableSlot() {
    return slots.orElseThrow().durable();
  }

  // ---- guest content ----

  /** Content as one L1 table maps it: the active one, or a snapshot's. Any thread. */
  public final class View implements GuestDisk {

    private final TablePointer snapshotL1;
    private final long[] snapshotEntries;
    private final long snapshotSize;

    private View(TablePointer snapshotL1, long[] snapshotEntries, long snapshotSize) {
      this.snapshotL1 = snapshotL1;
      this.snapshotEntries = snapshotEntries;
      this.snapshotSize = snapshotSize;
    }

    public boolean isSnapshot() {
      return snapshotL1 != null;
    }

    @Override
    public long virtualSizeBytes() {
      return isSnapshot() ? snapshotSize : virtualSize();
    }

    private long[] l1() {
      return isSnapshot() ? snapshotEntries : mapping.l1();
    }

    @Override
    public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
      Objects.checkFromIndexSize(offset.bytes(), destination.remaining(), virtualSizeBytes());
      lock.readLock().lock();
      try {
        reader.read(l1(), offset.bytes(), destination);
      } finally {
        lock.readLock().unlock();
      }
    }

    /** Extents from {@code from} to the end of the disk. */
    public Iterator<GuestExtent> map(GuestOffset from) {
      return new ExtentIterator(
          geometry, mapping, this::l1, from.bytes(), virtualSizeBytes(), lock.readLock());
    }
  }

  /** The content as it is. */
  public View activeView() {
    return new View(null, null, 0);
  }

  /** The content as a snapshot keeps it. */
  public View snapshotView(String nameOrId) throws IOException {
    SnapshotEntry entry = snapshots.find(nameOrId);
    pointers.snapshotL1(entry.l1());
    return new View(
        entry.l1(), mapping.readL1(entry.l1()), entry.virtualSize().orElse(virtualSize()));
  }

  /** Starts a batch; the one before it is linked, or was given back. */
  public WriteBatch begin(List<GuestChange> changes) {
    if (recountNeeded) {
      throw new IllegalStateException("a structural change has failed: recount first");
    }
    if (batch != null && !batch.isLinked()) {
      throw new IllegalStateException("give back the failed batch first: " + batch);
    }
    for (GuestChange change : changes) {
      Objects.checkFromIndexSize(change.offset().bytes(), change.length(), virtualSize());
    }
    batch = new WriteBatch(this, changes);
    return batch;
  }

  /** Whether a batch was begun and has not gone through all its steps. */
  public boolean hasOpenBatch() {
    return batch != null && !batch.isLinked();
  }

  /** A commit with this number has succeeded. */
  public void committed(long number) {
    frees().committed(number);
  }

  /** Frees what may be freed by now. */
  public void release() throws IOException {
    allocator.release();
  }

  /** What {@link #giveBack} frees, ascending. */
  public List<ClusterExtent> unlinked() {
    return allocator.unlinked().extents(geometry.clusterBits());
  }

  /**
   * Makes memory's tables durable, then frees the allocations that nothing points at and everything
   * that was unlinked: after the first sync the links that took their place are durable, whichever
   * try they came from.
   */
  public void giveBack() throws IOException {
    batch = null;
    allocator.giveBack();
    if (hasUnsynced()) {
      sync();
    }
    frees().releaseAll();
    allocator.release();
    window = Optional.empty();
  }

  /**
   * Counts all references; writes nothing.
   *
   * @throws Qcow2Exception CORRUPT when a refcount is too low or structures overlap
   */
  public Recount recount() throws IOException {
    return Recount.of(this, snapshots.entries());
  }

  /** Makes refcounts and COPIED flags agree with what was counted, durably. */
  public void repair(Recount recount) throws IOException {
    batch = null;
    recount.repair();
    window = Optional.empty();
    recountNeeded = false;
  }

  /** Whether only a recount can tell what a failed structural change has left. */
  public boolean needsRecount() {
    return recountNeeded;
  }

  /** Writes all metadata back as it reads, durably. */
  public void rewriteMetadata() throws IOException {
    new MetadataRewrite(this).run(snapshots.entries());
  }

  /** The image's snapshots. Any thread. */
  public List<SnapshotInfo> snapshots() {
    return snapshots.infos();
  }

  /**
   * Takes a snapshot, durably; nothing if one with this UUID is there. Nothing may be set aside,
   * pending or unsynced. After a throw {@link #needsRecount} tells what comes next.
   */
  public void createSnapshot(SnapshotSpec spec) throws IOException {
    requireWritable();
    if (snapshots.contains(spec)) {
      sync();
      return;
    }
    if (recountNeeded || !isExact() || hasUnsynced() || hasOpenBatch()) {
      throw new IllegalStateException("settle before a snapshot");
    }
    snapshots.requireRoom();
    boolean done = false;
    try {
      snapshots.create(spec);
      done = true;
    } finally {
      recountNeeded = !done && !snapshots.contains(spec);
    }
  }

  /** Nothing set aside, nothing waiting to be freed. */
  public boolean isExact() {
    return allocator.isExact();
  }

  /** Closes the file and writes nothing. */
  public void close() throws IOException {
    allocator.list().abandon();
    disk.close();
  }
}
