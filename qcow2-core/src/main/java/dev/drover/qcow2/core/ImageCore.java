package dev.drover.qcow2.core;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
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
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * One open image: what it has in memory, and the rules that hold between the parts.
 *
 * <p><b>Memory is ahead of the file, the file is ahead of the disk, and each only ever catches
 * up.</b> A table is changed in memory first and written through; {@link #sync} makes everything
 * written durable. Nothing is rolled back: what fails is finished later, and what was taken and
 * never linked is given back from the {@link AllocationList}.
 *
 * <p><b>Threads.</b> One thread writes, or several that {@link Requests} keeps apart: what is said
 * of the writing thread then holds for whoever has the metadata lock. Any thread may read through a
 * {@link GuestView}; it holds the read lock during its I/O, and mappings change under the write
 * lock only. So a reader sees each cluster's old or new place, and a freed cluster has no reader
 * left: it was unlinked under the write lock, and who came later resolves anew.
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
  private final Packer packer;
  private final GuestReader reader;
  private final Optional<GuestDisk> backing;
  private final Condition condition;
  private final TableTree tree;
  private final boolean journaled;
  private final Structure structure;
  private final ImageLocks locks;
  private volatile Header header;
  private WriteBatch batch;

  private ImageCore(
      BlockFile file,
      Header header,
      Optional<PositionSlots> places,
      Optional<GuestDisk> backing,
      Optional<BlockFile> dataFile,
      CoreOptions options,
      ImageLocks locks)
      throws IOException {
    this.disk = new Disk(file, dataFile);
    this.locks = locks;
    this.header = header;
    this.geometry = header.geometry();
    this.backing = backing;
    this.journaled = options.journaled();
    this.pointers = new Pointers(disk, geometry);
    this.mapping = new Mapping(disk, header, pointers, options.tableCacheBytes());
    this.refcounts =
        new Refcounts(
            disk, geometry, header.refcountTable(), pointers, options.refcountCacheBytes());
    this.allocator = new Allocator(this, disk, geometry, refcounts, options);
    this.packer = new Packer(this);
    this.reader =
        new GuestReader(
            disk,
            geometry,
            mapping,
            pointers,
            new Decompressor(header.compression(), file.name()),
            backing);
    this.tree = new TableTree(geometry, mapping, pointers);
    this.structure = new Structure(this, SnapshotTable.read(file, header));
    this.condition = new Condition(this, places.map(found -> new Slots(disk, found)));
  }

  /** Opens an image whose header was read from {@code file}; writes nothing. */
  public static ImageCore open(
      BlockFile file,
      Header header,
      Optional<PositionSlots> places,
      Optional<GuestDisk> backing,
      CoreOptions options)
      throws IOException {
    return open(file, header, places, backing, Optional.empty(), options, ImageLocks.ofThreads());
  }

  /**
   * Opens an image as threads of another kind share it.
   *
   * @param dataFile where guest bytes are, of an image whose header says so; closed with it
   */
  public static ImageCore open(
      BlockFile file,
      Header header,
      Optional<PositionSlots> places,
      Optional<GuestDisk> backing,
      Optional<BlockFile> dataFile,
      CoreOptions options,
      ImageLocks locks)
      throws IOException {
    return new ImageCore(file, header, places, backing, dataFile, options, locks);
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

  Condition condition() {
    return condition;
  }

  TableTree tree() {
    return tree;
  }

  Pointers pointers() {
    return pointers;
  }

  Allocator allocator() {
    return allocator;
  }

  Packer packer() {
    return packer;
  }

  /** Snapshots, size and recounts: what is changed as a whole. */
  public Structure structure() {
    return structure;
  }

  PendingFrees frees() {
    return allocator.frees();
  }

  ImageLocks locks() {
    return locks;
  }

  Lock writeLock() {
    return locks.mapping().writeLock();
  }

  boolean isJournaled() {
    return journaled;
  }

  /** How whole clusters are made to read as zeroes. Any thread. */
  Zeroing zeroing() {
    return new Zeroing(isBacked(), header.hasFeatures(), isDataFileRaw());
  }

  /** Whether guest bytes are in a data file. Any thread. */
  public boolean hasDataFile() {
    return geometry.externalData();
  }

  /** Whether that is, by itself, the guest's disk. Any thread. */
  public boolean isDataFileRaw() {
    return hasDataFile() && header.features().isDataFileRaw();
  }

  /** What a data file has behind the disk's end is nobody's, and goes, durably. */
  public void trimDataFile() throws IOException {
    if (hasDataFile()) {
      disk.resizeData(virtualSize());
    }
  }

  /** Whether whole clusters can be zeroed at no cost but their entries. Any thread. */
  public boolean zeroesByEntry() {
    return zeroing().byEntry();
  }

  /** Whether a backing disk shows through the holes. */
  public boolean isBacked() {
    return backing.isPresent();
  }

  /** The first byte behind the backing disk, 0 without one. Any thread. */
  long backingEnd() {
    return backing.map(GuestDisk::virtualSizeBytes).orElse(0L);
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
    submitHeader(next, 0, next.encodeFields());
  }

  /** Writes what a header has changed in, as one sector. */
  void submitHeader(Header next, long at, ByteBuffer bytes) throws IOException {
    header = next;
    disk.writeTable(at, bytes);
  }

  /** One write of the header, from which on another L1 table, and a size with it, counts. */
  void switchL1(NewTable home, long[] l1, long size, ClusterSequence replaced, DiscardClass why)
      throws IOException {
    TablePointer pointer = home.pointer(l1.length);
    writeLock().lock();
    try {
      home.linkSubmitted();
      mapping.adopt(pointer, l1);
      frees().unlinked(replaced, why);
      submitHeader(header.withL1(pointer).withVirtualSize(size)); // no failure above it: I-04
    } finally {
      writeLock().unlock();
    }
  }

  /** Whether the image has not shown a bad pointer yet. Any thread. */
  boolean isSound() {
    return pointers.isSound();
  }

  /** Refuses to write to an image that has shown itself corrupt. */
  void requireWritable() throws Qcow2Exception {
    pointers.requireSound();
    if (header.features().isCorrupt()) {
      throw new Qcow2Exception(
          Code.CORRUPT,
          disk.name(),
          "the image is marked corrupt",
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
    packer.forget(freed);
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
      L2Entry entry = mapping.entry(mapping.l1(), allocation.guestCluster());
      if (allocation.pieceStart() >= 0) {
        return entry.isCompressed()
            && entry.compressed(geometry.clusterBits()).start().bytes() == allocation.pieceStart();
      }
      return entry.hasCluster() && entry.offset() == offset;
    }
    return false;
  }

  /** Fills a buffer with what was there before the work, from a guest offset in its cluster on. */
  void readOld(ClusterWork work, long from, ByteBuffer bytes) throws IOException {
    reader.read(work.oldEntry(), from, bytes);
  }

  void unlinkCompressed(L2Entry entry, DiscardClass why) {
    L2Entry.Compressed packed = entry.compressed(geometry.clusterBits());
    for (long cluster = packed.firstCluster(geometry.clusterBits());
        cluster <= packed.lastCluster(geometry.clusterBits());
        cluster++) {
      frees().unlinked(cluster, why);
    }
  }

  // ---- durability, the clean flag and the slots ----

  /** Makes everything in memory durable: an earlier failure's leftovers first. */
  public void sync() throws IOException {
    refcounts.writeChanged();
    disk.sync();
    condition.synced();
    allocator.list().synced();
  }

  /** Makes durable what was written, and writes nothing of an image that is known to be bad. */
  void syncWritten() throws IOException {
    disk.sync();
    condition.synced();
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

  /** Refcounts equal references, and image and slot say so. */
  public boolean isClean() {
    return condition.isClean();
  }

  /** Refcounts equal references again: says so, durably. */
  public void riseToClean(Optional<byte[]> payload) throws IOException {
    condition.rise(payload);
  }

  /** Writes a slot as things are; durable with the next sync. */
  public void writeSlot(byte[] payload) throws IOException {
    condition.writeSlot(payload);
  }

  /** The payload of the slot written last. */
  public byte[] lastPayload() {
    return condition.slots().orElseThrow().written().payload();
  }

  /** The newest durable slot of a replica. Any thread. */
  public PositionSlot durableSlot() {
    return condition.slots().orElseThrow().durable();
  }

  // ---- guest content ----

  /** The content as it is. */
  public GuestView activeView() {
    return new GuestView(this, reader, locks.mapping().readLock(), null, null);
  }

  /** The content as a snapshot keeps it. */
  public GuestView snapshotView(String nameOrId) throws IOException {
    SnapshotEntry entry = structure.findUsable(nameOrId);
    pointers.snapshotL1(entry.l1());
    return new GuestView(
        this, reader, locks.mapping().readLock(), entry, mapping.readL1(entry.l1()));
  }

  /** Starts a batch; the one before it is linked, or was given back. */
  public WriteBatch begin(List<GuestChange> changes) {
    return begin(batch(changes));
  }

  /** A batch that its caller keeps apart from others: see {@link Requests}. */
  WriteBatch batch(List<GuestChange> changes) {
    for (GuestChange change : changes) {
      Objects.checkFromIndexSize(change.offset().bytes(), change.length(), virtualSize());
    }
    return WriteBatch.of(this, changes, virtualSize(), zeroing());
  }

  /** As {@link #batch} for whole clusters that {@link #compress} has packed. */
  WriteBatch packed(long firstCluster, List<byte[]> pieces) {
    return WriteBatch.ofPacked(this, firstCluster, pieces);
  }

  /** As {@link #batch}, giving space to clusters of this range that read as zeroes. */
  WriteBatch reserving(long firstCluster, long endCluster) {
    Objects.checkFromToIndex(firstCluster, endCluster, geometry.clusters(virtualSize()));
    return WriteBatch.ofReserved(this, firstCluster, endCluster);
  }

  private WriteBatch begin(WriteBatch next) {
    if (structure.needsRecount()) {
      throw new IllegalStateException("a structural change has failed: recount first");
    }
    if (hasOpenBatch()) {
      throw new IllegalStateException("give back the failed batch first: " + batch);
    }
    batch = next;
    return next;
  }

  /** One cluster in its compressed form; empty when that is not smaller. */
  public Optional<byte[]> compress(byte[] cluster) {
    return new Compressor(header.compression()).pack(cluster);
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
    condition.windowClosed();
  }

  /** What was linked or switched becomes durable, then what it took the place of is freed. */
  void releaseUnlinked() throws IOException {
    sync();
    frees().releaseAll();
    release();
  }

  /** Starts a batch that may reach behind the disk's end. */
  WriteBatch beginBehindEnd(GuestChange change, Zeroing zeroing) {
    batch = WriteBatch.of(this, List.of(change), change.end(), zeroing);
    return batch;
  }

  /** A recount takes the place of whatever the batch has left. */
  void dropBatch() {
    batch = null;
  }

  /** Nothing set aside, nothing waiting to be freed. */
  public boolean isExact() {
    return allocator.isExact();
  }

  /** Whether something leaks until the next recount. */
  boolean hasQuarantined() {
    return allocator.list().hasQuarantined();
  }

  /** Closes the file and writes nothing. */
  public void close() throws IOException {
    allocator.list().abandon();
    disk.close();
  }
}
