package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.core.Bitmaps;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.core.GuestView;
import dev.drover.qcow2.core.HostSpace;
import dev.drover.qcow2.core.ImageCore;
import dev.drover.qcow2.core.ImageLocks;
import dev.drover.qcow2.core.Requests;
import dev.drover.qcow2.core.Structure;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * A plain qcow2 image: what {@code image io}, import, compare and verify use. It shares the write
 * path with {@code ReplicaImage}; only the position slot is missing.
 *
 * <p><b>Threads.</b> Every method may be called by any thread at any time. Requests for different
 * clusters have their I/O in flight together; those that overlap go one after the other; a flush,
 * and whatever changes snapshots or size, waits for what is in flight and lets nothing else begin
 * ({@link Requests} says how). Nothing is durable before {@link #flush()} returned.
 *
 * <p><b>After an IOException</b> from a writing call the range holds old or new bytes, clusters set
 * aside for it are given back by the next writing call, flush or close, and the call may be
 * repeated. After a failed flush everything since the last good one is written again by the next.
 *
 * <p>A position that the image may have stays in it, but opening it for writing clears the bit that
 * vouches for it, as it does when QEMU opens it.
 *
 * <p>Reading:
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="read"}
 *
 * <p>Writing:
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="write"}
 *
 * <p>Snapshots:
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="snapshot"}
 */
public final class Qcow2Image implements WritableDisk {

  /** How much one request zeroes where zeroes must be written. */
  private static final long ZEROES_BYTES = 16L << 20;

  /** How many clusters one batch of a preallocation takes. */
  private static final int PREALLOCATED_CLUSTERS = 1 << 14;

  /** How many clusters are set aside at a time where tables alone are in the image. */
  private static final long TABLES_AT_ONCE = 8;

  static final CoreOptions BOUNDS =
      new CoreOptions(
          4L << 20, OpenOptions.DEFAULT.l2CacheBytes(), 8L << 20, PassDiscard.ALL, false);

  private final String name;
  private final ImageCore core;
  private final GuestView view;
  private final boolean readOnly;
  private final Optional<GuestDisk> backing;
  private final Requests requests;

  private Qcow2Image(
      String name, ImageCore core, GuestView view, boolean readOnly, Optional<GuestDisk> backing) {
    this.name = name;
    this.core = core;
    this.view = view;
    this.readOnly = readOnly;
    this.backing = backing;
    this.requests = new Requests(core);
  }

  /** Makes an image in an empty file, durably, and opens it for writing. */
  public static Qcow2Image create(BlockFile file, CreateOptions options) throws IOException {
    NewImage.create(file, options);
    return open(file, false, BackingOpener.REFUSE).preallocated(0, options.preallocation());
  }

  /**
   * Makes an image whose guest data is in another file, both empty now, durably, and opens it for
   * writing. A raw data file's clusters all have their place from the start.
   *
   * @param options name the data file, as the image is to name it
   */
  public static Qcow2Image create(BlockFile file, BlockFile dataFile, CreateOptions options)
      throws IOException {
    if (options.dataFile().isEmpty() || dataFile.length() != 0) {
      throw new IllegalArgumentException(dataFile.name() + " is not named, or not empty");
    }
    dataFile.setLength(options.virtualSize());
    dataFile.sync();
    Header header = NewImage.create(file, options);
    Qcow2Image image =
        openWith(
            file,
            header,
            false,
            Optional.empty(),
            Optional.of(dataFile),
            BOUNDS,
            ImageLocks.ofThreads());
    if (options.dataFileRaw()) {
      image.preallocate(GuestOffset.ZERO, options.virtualSize());
    }
    return image.preallocated(0, options.preallocation());
  }

  /** From this byte on. What a failure leaves is an image without all of its space. */
  private Qcow2Image preallocated(long start, Preallocation wanted) throws IOException {
    if (wanted != Preallocation.OFF) {
      preallocate(new GuestOffset(start), virtualSizeBytes() - start);
    }
    requests.flush();
    if (wanted == Preallocation.FALLOC || wanted == Preallocation.FULL) {
      requests.exclusively(() -> HostSpace.take(core, start, wanted == Preallocation.FULL));
    }
    return this;
  }

  /** Opens an image that has no backing file: {@link BackingOpener#REFUSE}. */
  public static Qcow2Image open(BlockFile file, boolean readOnly) throws IOException {
    return open(file, readOnly, BackingOpener.REFUSE);
  }

  /**
   * Opens an image. For writing, one that was not closed cleanly is repaired first: references are
   * counted, leaks freed. Takes over the file: {@link #close()} closes it.
   *
   * @throws Qcow2Exception NOT_QCOW2, UNSUPPORTED (by name), BACKING_REFUSED, DATA_FILE_REFUSED,
   *     CORRUPT, TRUNCATED
   */
  public static Qcow2Image open(BlockFile file, boolean readOnly, BackingOpener opener)
      throws IOException {
    return open(file, readOnly, opener, OpenOptions.DEFAULT);
  }

  /** As {@link #open(BlockFile, boolean, BackingOpener)}, with another L2 cache, for one. */
  public static Qcow2Image open(
      BlockFile file, boolean readOnly, BackingOpener opener, OpenOptions options)
      throws IOException {
    return open(file, readOnly, opener, BOUNDS.withTableCacheOf(options.l2CacheBytes()));
  }

  static Qcow2Image open(BlockFile file, boolean readOnly, BackingOpener opener, CoreOptions bounds)
      throws IOException {
    return open(file, readOnly, opener, bounds, ImageLocks.ofThreads());
  }

  static Qcow2Image open(
      BlockFile file, boolean readOnly, BackingOpener opener, CoreOptions bounds, ImageLocks locks)
      throws IOException {
    Header header = Header.read(file);
    if (header.backingName().isEmpty()) {
      return open(file, header, readOnly, opener, Optional.empty(), bounds, locks);
    }
    String name = header.backingName().get();
    GuestDisk backing =
        opener.open(file.name(), new BackingReference(name, header.backingFormat()));
    return openOver(file, header, readOnly, opener, backing, bounds, locks);
  }

  /** Opens an image for writing over this disk, whatever it names itself; closes it, too. */
  static Qcow2Image openOver(
      BlockFile file, BackingOpener opener, GuestDisk backing, CoreOptions bounds)
      throws IOException {
    return openOver(
        file, Header.read(file), false, opener, backing, bounds, ImageLocks.ofThreads());
  }

  private static Qcow2Image openOver(
      BlockFile file,
      Header header,
      boolean readOnly,
      BackingOpener opener,
      GuestDisk backing,
      CoreOptions bounds,
      ImageLocks locks)
      throws IOException {
    boolean opened = false;
    try {
      Qcow2Image image = open(file, header, readOnly, opener, Optional.of(backing), bounds, locks);
      opened = true;
      return image;
    } finally {
      if (!opened) {
        backing.close();
      }
    }
  }

  private static Qcow2Image open(
      BlockFile file,
      Header header,
      boolean readOnly,
      BackingOpener opener,
      Optional<GuestDisk> backing,
      CoreOptions bounds,
      ImageLocks locks)
      throws IOException {
    if (header.dataFileName().isEmpty()) {
      return openWith(file, header, readOnly, backing, Optional.empty(), bounds, locks);
    }
    BlockFile data = opener.openData(file.name(), header.dataFileName().get(), readOnly);
    boolean opened = false;
    try {
      requireLongEnough(file, header, data);
      Qcow2Image image =
          openWith(file, header, readOnly, backing, Optional.of(data), bounds, locks);
      opened = true;
      return image;
    } finally {
      if (!opened) {
        data.close();
      }
    }
  }

  private static void requireLongEnough(BlockFile file, Header header, BlockFile dataFile)
      throws IOException {
    if (dataFile.length() < header.virtualSize()) {
      throw new Qcow2Exception(
          Code.DATA_FILE_REFUSED,
          file.name(),
          "has a disk of %d bytes, and its data file %s ends at byte %d"
              .formatted(header.virtualSize(), dataFile.name(), dataFile.length()),
          "restore the data file from a complete copy");
    }
  }

  private static Qcow2Image openWith(
      BlockFile file,
      Header header,
      boolean readOnly,
      Optional<GuestDisk> backing,
      Optional<BlockFile> dataFile,
      CoreOptions bounds,
      ImageLocks locks)
      throws IOException {
    CoreOptions fitting =
        dataFile.isEmpty()
            ? bounds
            : bounds.withWindowOfAtMost(TABLES_AT_ONCE * header.clusterSize());
    ImageCore core =
        ImageCore.open(file, header, Optional.empty(), backing, dataFile, fitting, locks);
    Qcow2Image image = new Qcow2Image(file.name(), core, core.activeView(), readOnly, backing);
    if (!readOnly) {
      image.prepareForWriting(header.features());
      core.structure().bitmaps().load();
    }
    return image;
  }

  private void prepareForWriting(Features found) throws IOException {
    core.prepareForWriting(found.withKnownAutoclear());
    if (!core.isClean()) {
      core.structure()
          .rewriteMetadata(); // whoever left it unclean may have seen a failed sync (I-14)
      core.structure().repair(core.structure().recount());
      core.riseToClean(Optional.empty());
    }
  }

  /** The header as it is now. */
  public Header header() {
    return core.header();
  }

  @Override
  public long virtualSizeBytes() {
    return view.virtualSizeBytes();
  }

  /** The cluster size. */
  public int clusterSizeBytes() {
    return core.geometry().clusterSize();
  }

  @Override
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    view.read(offset, destination);
  }

  /** Writes all of {@code source}. */
  @Override
  public void write(GuestOffset offset, ByteBuffer source) throws IOException {
    if (source.hasRemaining()) {
      ByteBuffer copy = ByteBuffer.allocate(source.remaining()).put(source).flip();
      change(new GuestChange.Write(offset, copy));
    }
  }

  /**
   * Writes whole clusters compressed; one that would not get smaller is written as it is.
   *
   * @param offset a multiple of the cluster size
   * @param source whole clusters, or what the disk has from {@code offset} to its end
   */
  public void writeCompressed(GuestOffset offset, ByteBuffer source) throws IOException {
    ClusterPacking packing = packing();
    packing.requirePackable(offset, source);
    for (long at = offset.bytes(); source.hasRemaining(); ) {
      ClusterPacking.Packed packed = packing.packNext(new GuestOffset(at), source);
      packing.write(packed);
      at += packed.plain().length();
    }
  }

  /** The two halves of {@link #writeCompressed}, of which only the second needs its turn. */
  ClusterPacking packing() throws IOException {
    requireWritable();
    return new ClusterPacking(name, core, requests);
  }

  /**
   * Gives space to the whole clusters of a range that have none and read as zeroes, as {@code
   * preallocation=metadata} does. What shows a backing file stays as it is.
   */
  public void preallocate(GuestOffset offset, long length) throws IOException {
    requireWritable();
    long last = core.geometry().clusters(Math.addExact(offset.bytes(), length));
    long first = core.geometry().clusters(offset.bytes());
    for (long next = first; next < last; next += PREALLOCATED_CLUSTERS) {
      requests.reserve(next, Math.min(last, next + PREALLOCATED_CLUSTERS));
    }
  }

  /** Makes the range read as zeroes; with {@code mayUnmap} whole clusters give their space back. */
  @Override
  public void writeZeroes(GuestOffset offset, long length, boolean mayUnmap) throws IOException {
    long step = core.zeroesByEntry() ? Math.max(length, 1) : ZEROES_BYTES;
    for (long done = 0; done < length; done += step) {
      GuestOffset at = new GuestOffset(offset.bytes() + done);
      change(new GuestChange.Zero(at, Math.min(step, length - done), !mayUnmap));
    }
  }

  /**
   * Gives the space of whole clusters in the range back; they read as zeroes afterwards. Parts of
   * clusters at its ends stay as they are, and so does everything in an image of version 2 with a
   * backing file, which cannot say that a cluster reads as zeroes.
   */
  @Override
  public void discard(GuestOffset offset, long length) throws IOException {
    long end = Math.addExact(offset.bytes(), length);
    long from = core.geometry().roundUp(offset.bytes());
    long to = end == virtualSizeBytes() ? end : core.geometry().roundDown(end);
    requireWritable();
    requests.touched(offset, length); // all of it, as in QEMU's bitmaps
    if (from < to && core.isDataFileRaw()) {
      writeZeroes(new GuestOffset(from), to - from, true);
    } else if (from < to && core.zeroesByEntry()) {
      change(new GuestChange.Zero(new GuestOffset(from), to - from, false));
    }
  }

  private void change(GuestChange change) throws IOException {
    requireWritable();
    requests.change(change);
  }

  /** Makes everything that has returned durable, and gives back what is set aside. */
  @Override
  public void flush() throws IOException {
    requireWritable();
    requests.flush();
  }

  /**
   * The image's dirty bitmaps; they live as long as this image.
   *
   * @throws Qcow2Exception CORRUPT
   */
  public DirtyBitmaps bitmaps() throws IOException {
    Bitmaps bitmaps = core.structure().bitmaps();
    if (readOnly) {
      bitmaps.load();
    }
    return new DirtyBitmaps(
        bitmaps,
        change -> {
          requireWritable();
          requests.exclusively(change);
        });
  }

  /** The image's snapshots, in table order. */
  public List<SnapshotInfo> snapshots() {
    return core.structure().snapshots();
  }

  /** Takes an internal snapshot of the content as it is now; durable on return. */
  public void createSnapshot(SnapshotSpec spec) throws IOException {
    requireWritable();
    requests.exclusively(() -> core.structure().createSnapshot(spec));
  }

  /** Deletes a snapshot, durably. */
  public void deleteSnapshot(String nameOrId) throws IOException {
    requireWritable();
    requests.exclusively(() -> core.structure().deleteSnapshot(nameOrId));
  }

  /** Makes the disk what a snapshot holds, its size too, durably; the snapshot stays. */
  public void revertToSnapshot(String nameOrId) throws IOException {
    requireWritable();
    requests.exclusively(() -> core.structure().revertToSnapshot(nameOrId));
  }

  /** Changes the disk's size, durably; what is added reads as zeroes. */
  @Override
  public void resize(long newSizeBytes) throws IOException {
    requireWritable();
    requests.exclusively(() -> core.structure().resize(newSizeBytes));
  }

  /**
   * The same for a larger size, whose new clusters have their space at once; of one that is there
   * in part already, nothing changes. After a failure the disk has its new size.
   *
   * @throws dev.drover.qcow2.io.DiskFullException when there is no such space
   */
  public void grow(long newSizeBytes, Preallocation added) throws IOException {
    long before = virtualSizeBytes();
    if (newSizeBytes < before) {
      throw new IllegalArgumentException(newSizeBytes + " is less than " + before);
    }
    resize(newSizeBytes);
    preallocated(core.geometry().roundUp(before), added);
  }

  /**
   * Lets go of everything that the disk holds itself, durably: its backing disk shows everywhere
   * then. Snapshots keep what they hold.
   */
  public void empty() throws IOException {
    requireWritable();
    requests.exclusively(() -> core.structure().empty());
  }

  /**
   * Names another backing file in the header, or none, durably; a power cut leaves the old name or
   * the new one. Nothing else changes, so the disk has to be the same with both: {@link
   * ImageRebase} sees to that. This open image goes on showing the disk that it was opened with.
   *
   * @throws Qcow2Exception OUT_OF_RANGE when the header's cluster has no room for the name
   */
  public void renameBacking(Optional<BackingReference> reference) throws IOException {
    requireWritable();
    if (reference.isPresent() && core.isDataFileRaw()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          name,
          "has a raw data file, which is the whole disk: it cannot have a backing file",
          "leave it without one");
    }
    requests.exclusively(() -> core.structure().renameBacking(reference));
  }

  /** Runs what {@link ImageAmend} changes as a whole. */
  void change(WithStructure change) throws IOException {
    requests.exclusively(() -> change.run(core.structure()));
  }

  /** Told of the image's structure. */
  @FunctionalInterface
  interface WithStructure {
    void run(Structure structure) throws IOException;
  }

  /** A read-only view of a snapshot, by name or id; it lives as long as this image. */
  public Qcow2Image openSnapshot(String nameOrId) throws IOException {
    return new Qcow2Image(name, core, core.snapshotView(nameOrId), true, backing);
  }

  /**
   * The extents from {@code from} to the end of the disk, merged, in order, gap-free. An I/O error
   * comes as {@link java.io.UncheckedIOException}.
   */
  @Override
  public Iterator<GuestExtent> map(GuestOffset from) {
    return view.map(from);
  }

  @Override
  public Iterator<HostExtent> hostExtents(GuestOffset from) {
    return view.hostExtents(from);
  }

  @Override
  public Optional<GuestDisk> backing() {
    return backing;
  }

  @Override
  public boolean holesAreZero() {
    return !core.isBacked();
  }

  private void requireWritable() throws Qcow2Exception {
    if (readOnly) {
      throw new Qcow2Exception(
          Code.READ_ONLY, name, "the image is open for reading only", "open it for writing");
    }
  }

  /**
   * Waits for the requests in flight, flushes, gives back what is set aside, marks the image clean
   * and closes the file. Requests that still wait for their turn are refused. The second time it
   * does nothing.
   */
  @Override
  public void close() throws IOException {
    if (view.isSnapshot()) {
      return;
    }
    if (readOnly) {
      closeFiles();
      return;
    }
    requests.close(
        () -> {
          core.structure().close();
          core.riseToClean(Optional.empty());
        },
        this::closeFiles);
  }

  private void closeFiles() throws IOException {
    try {
      if (backing.isPresent()) {
        backing.get().close();
      }
    } finally {
      core.close();
    }
  }
}
