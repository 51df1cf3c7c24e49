package dev.drover.qcow2.core;

import dev.drover.qcow2.BitmapInfo;
import dev.drover.qcow2.DirtyRange;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.BitmapDirectory.Bitmap;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * The persistent dirty bitmaps of an open image. A bitmap never calls a changed byte unchanged: its
 * mark <i>in use</i> is durable before the first change that only memory notes (I-25), and falls
 * with the directory that the stored bits replace.
 *
 * <p>Changes are made under the metadata lock, by {@link Structure}'s rules; {@link #infos} and
 * {@link #dirtyRanges} are for any thread.
 */
public final class Bitmaps {

  private static final long NEVER = -1;

  /** What QEMU takes when nobody says anything: the cluster size, but no less and no more. */
  private static final int LEAST_DEFAULT = 4 << 10;

  private static final int MOST_DEFAULT = 64 << 10;

  private final ImageCore core;
  private final Structure structure;
  private final Geometry geometry;
  private final BitmapPointer pointer;
  private volatile List<OpenBitmap> open = List.of();
  private volatile Optional<BitmapDirectory> directory = Optional.empty();
  private volatile boolean following;
  private boolean loaded;

  /** The size of the disk that the tables in the file are for. */
  private long storedSize;

  private long markedAtSync = NEVER;

  Bitmaps(ImageCore core, Structure structure) {
    this.core = core;
    this.structure = structure;
    this.geometry = core.geometry();
    this.pointer = new BitmapPointer(core);
  }

  /**
   * Reads what the image has; until then there seem to be none. Only the first call does anything:
   * from then on memory knows more than the file.
   */
  public synchronized void load() throws IOException {
    if (!loaded) {
      adopt(BitmapDirectory.read(new DiskView(core.disk()), core.header()));
      loaded = true;
    }
  }

  /** After a recount, which frees what the header does not lead to. */
  void recounted() {
    if (!pointer.hasBit()) {
      adopt(Optional.empty());
    }
  }

  private void adopt(Optional<BitmapDirectory> next) {
    directory = next;
    open =
        next.stream()
            .flatMap(each -> each.bitmaps().stream())
            .map(stored -> new OpenBitmap(stored, geometry.clusterBits()))
            .toList();
    storedSize = core.virtualSize();
    following = open.stream().anyMatch(OpenBitmap::needsMark);
  }

  /** All bitmaps, in the directory's order. */
  public List<BitmapInfo> infos() {
    return open.stream().map(OpenBitmap::info).toList();
  }

  /** Of a bitmap of which nobody said it. */
  public long defaultGranularity() {
    return Math.clamp(geometry.clusterSize(), LEAST_DEFAULT, MOST_DEFAULT);
  }

  // ---- following the disk ----

  /**
   * Notes a change of guest content that is about to be made, with the metadata lock held. After a
   * throw nothing may be changed.
   */
  void touched(GuestChange change) throws IOException {
    touched(change.offset().bytes(), change.end());
  }

  /** The same for a range of bytes. */
  void touched(long from, long end) throws IOException {
    if (!following) {
      return;
    }
    mark(false);
    for (OpenBitmap bitmap : open) {
      if (bitmap.follows()) {
        bitmap.added().add(from, end);
      }
    }
  }

  /** Says in the file, durably, that bitmaps are in use: those that are enabled, or all. */
  private void mark(boolean all) throws IOException {
    for (int i = 0; i < open.size(); i++) {
      OpenBitmap bitmap = open.get(i);
      if ((bitmap.needsMark() || all && !bitmap.isLost()) && !bitmap.isMarked()) {
        long at = directory.orElseThrow().flagsAt(i);
        core.pointers().bitmap(geometry.roundDown(at));
        bitmap.mark();
        markedAtSync = core.disk().syncs();
        core.disk().writeTable(at, ByteBuffer.allocate(4).putInt(0, bitmap.flags()));
      }
    }
    if (markedAtSync == core.disk().syncs()) {
      core.sync();
    }
  }

  /**
   * Gives the file what memory has noted, durably; the marks fall with that, except from those that
   * this program must not use: of them nothing is noted.
   */
  void store() throws IOException {
    if (open.stream().anyMatch(each -> each.isMarked() && !each.isForeign())) {
      structure.change(this::rewriteMarked);
    }
  }

  private void rewriteMarked() throws IOException {
    rewrite(this::kept, Optional.empty());
  }

  /**
   * Refuses a new size that the bitmaps cannot have.
   *
   * @throws Qcow2Exception BITMAP, INVALID_OPTION
   */
  void requireResizable(long newSize) throws Qcow2Exception {
    for (OpenBitmap bitmap : open) {
      requireTrusted(bitmap);
      requireSize(bitmap.stored().granularityBits(), newSize);
    }
  }

  /**
   * The size is about to change, and with it every table: until {@link #resized} all bitmaps are
   * marked, as in QEMU.
   */
  void resizing(long newSize) throws IOException {
    if (!open.isEmpty()) {
      core.condition().fall();
      mark(true);
      if (newSize < core.virtualSize() && following) {
        touched(newSize, core.virtualSize()); // zeroed first, and then a failure may stop it there
      }
    }
  }

  /** The size has changed. */
  void resized() throws IOException {
    if (!open.isEmpty()) {
      rewriteMarked();
    }
  }

  /** The same for a size that has changed, and then something failed. */
  void storeIfResized() throws IOException {
    if (storedSize != core.virtualSize()) {
      store();
    }
  }

  /**
   * Refuses, as QEMU does, to put another disk in place of the one whose changes bitmaps follow.
   *
   * @throws Qcow2Exception BITMAP
   */
  void requireNone() throws Qcow2Exception {
    if (!open.isEmpty()) {
      throw new Qcow2Exception(
          Code.BITMAP,
          core.disk().name(),
          "the image has dirty bitmaps, which would not know what applying a snapshot changes",
          "remove them first with: image bitmap --remove");
    }
  }

  // ---- reading ----

  /** See {@link dev.drover.qcow2.DirtyBitmaps#dirtyRanges}. */
  public Iterator<DirtyRange> dirtyRanges(String name) throws IOException {
    OpenBitmap bitmap = trusted(name);
    Lock readLock = core.locks().mapping().readLock();
    readLock.lock();
    try {
      Optional<BitmapDirectory> seen = directory;
      return new BitmapBits(
          table(bitmap),
          bitmap.stored().granularityBits(),
          geometry,
          core::virtualSize,
          (chunk, entry) -> {
            readLock.lock();
            try {
              if (directory != seen) {
                throw new ConcurrentModificationException(
                    core.disk().name() + ": the bitmaps have changed");
              }
              var bits = BitmapBits.read(core, entry);
              bitmap.added().addTo(bits, chunk);
              return bits;
            } finally {
              readLock.unlock();
            }
          });
    } finally {
      readLock.unlock();
    }
  }

  /** The table of a bitmap; every cluster that it names can be one (I-13). */
  private long[] table(OpenBitmap bitmap) throws IOException {
    TablePointer place = bitmap.stored().table();
    long[] entries =
        BitmapDirectory.readTable(new DiskView(core.disk()), core.header(), bitmap.stored());
    for (long c = 0; c < geometry.clusters((long) place.count() * PointerTable.ENTRY_BYTES); c++) {
      core.pointers().bitmap(place.offset().bytes() + (c << geometry.clusterBits()));
    }
    for (long entry : entries) {
      if (BitmapDirectory.offset(entry) != 0) {
        core.pointers().bitmap(BitmapDirectory.offset(entry));
      }
    }
    return Arrays.copyOf(entries, place.count());
  }

  // ---- changing ----

  /** See {@link dev.drover.qcow2.DirtyBitmaps#add}. */
  public void add(String name, long granularity, boolean enabled) throws IOException {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    requireNew(name, bytes);
    int bits = Long.numberOfTrailingZeros(granularity);
    if (Long.bitCount(granularity) != 1
        || bits < BitmapDirectory.MIN_GRANULARITY_BITS
        || bits > BitmapDirectory.MAX_GRANULARITY_BITS) {
      throw invalid("granularity " + granularity + " is not a power of two from 512 to 2147483648");
    }
    requireSize(bits, core.virtualSize());
    pointer.requireRoom();
    int flags = enabled ? BitmapDirectory.AUTO : 0;
    Bitmap head = new Bitmap(TablePointer.NONE, flags, bits, new byte[0], bytes);
    structure.change(() -> rewrite(this::kept, Optional.of(BitmapDraft.empty(core, head))));
  }

  private void requireNew(String name, byte[] bytes) throws Qcow2Exception {
    if (!core.header().hasFeatures()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          core.disk().name(),
          "not supported: dirty bitmaps in an image of version 2",
          "amend it first to compat=1.1");
    }
    if (bytes.length == 0 || bytes.length > BitmapDirectory.MAX_NAME_BYTES) {
      throw invalid("a bitmap's name has 1 to 1023 bytes, not " + bytes.length);
    }
    if (find(name).isPresent()) {
      throw refused(
          "there is a bitmap named " + name + " already",
          "choose another name, or remove it first");
    }
    List<Bitmap> all = open.stream().map(OpenBitmap::stored).toList();
    if (all.size() >= BitmapDirectory.MAX_BITMAPS
        || BitmapDirectory.encodedBytes(all) + 1024 + 24 > BitmapDirectory.MAX_DIRECTORY_BYTES) {
      throw refused("the image has " + all.size() + " bitmaps, the most it can", "remove one");
    }
  }

  private void requireSize(int granularityBits, long size) throws Qcow2Exception {
    long entries = BitmapDirectory.entries(size, granularityBits, geometry);
    if (entries == 0) {
      throw invalid("a disk of 0 bytes can have no bitmaps");
    }
    if (entries << geometry.clusterBits() > BitmapDirectory.MAX_BITMAP_BYTES) {
      throw invalid(
          "a bitmap with granularity %d over %d bytes is larger than 512 MiB"
              .formatted(1L << granularityBits, size));
    }
  }

  /** See {@link dev.drover.qcow2.DirtyBitmaps#remove}. */
  public void remove(String name) throws IOException {
    OpenBitmap gone = required(name);
    long[] table = table(gone);
    structure.change(
        () -> {
          BitmapRewrite rewrite = new BitmapRewrite(core, pointer);
          rewrite.remove(gone.stored(), table);
          run(rewrite, each -> each == gone ? null : kept(each), Optional.empty());
        });
  }

  /** See {@link dev.drover.qcow2.DirtyBitmaps#clear}. */
  public void clear(String name) throws IOException {
    OpenBitmap cleared = trusted(name);
    long[] table = table(cleared);
    structure.change(
        () -> {
          BitmapRewrite rewrite = new BitmapRewrite(core, pointer);
          rewrite.remove(cleared.stored(), table);
          Bitmap head = cleared.stored().with(TablePointer.NONE, cleared.stored().flags());
          run(
              rewrite,
              each -> each == cleared ? BitmapDraft.empty(core, head) : kept(each),
              Optional.empty());
        });
  }

  /** See {@link dev.drover.qcow2.DirtyBitmaps#enable}. */
  public void enable(String name, boolean enabled) throws IOException {
    OpenBitmap changed = trusted(name);
    int flags = changed.stored().flags() ^ BitmapDirectory.AUTO;
    if (changed.stored().isEnabled() != enabled) {
      structure.change(
          () ->
              rewrite(
                  each -> each == changed ? kept(each, flags, each.added()) : kept(each),
                  Optional.empty()));
    }
  }

  /** See {@link dev.drover.qcow2.DirtyBitmaps#merge}. */
  public void merge(String into, Bitmaps source, String name) throws IOException {
    OpenBitmap changed = trusted(into);
    Iterator<DirtyRange> ranges = source.dirtyRanges(name);
    if (source.core.virtualSize() != core.virtualSize()) {
      throw refused(
          "bitmap %s is of a disk of %d bytes, this one has %d"
              .formatted(name, source.core.virtualSize(), core.virtualSize()),
          "merge bitmaps of disks of the same size");
    }
    DirtyBits added = changed.added().copy();
    try {
      ranges.forEachRemaining(range -> added.add(range.start().bytes(), range.end()));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    structure.change(
        () ->
            rewrite(
                each -> each == changed ? kept(each, each.stored().flags(), added) : kept(each),
                Optional.empty()));
  }

  /** What becomes of a bitmap; null removes it. */
  @FunctionalInterface
  private interface Next {
    BitmapDraft of(OpenBitmap bitmap) throws IOException;
  }

  private void rewrite(Next next, Optional<BitmapDraft> more) throws IOException {
    run(new BitmapRewrite(core, pointer), next, more);
  }

  private void run(BitmapRewrite rewrite, Next next, Optional<BitmapDraft> more)
      throws IOException {
    for (OpenBitmap bitmap : open) {
      BitmapDraft draft = next.of(bitmap);
      if (draft != null) {
        rewrite.put(draft);
      }
    }
    more.ifPresent(rewrite::put);
    rewrite.run(directory, this::adopt);
  }

  private BitmapDraft kept(OpenBitmap bitmap) throws IOException {
    if (bitmap.isLost() || bitmap.isForeign()) {
      Bitmap stored = bitmap.stored();
      return BitmapDraft.untouched(core, stored.with(stored.table(), bitmap.flags()));
    }
    return kept(bitmap, bitmap.stored().flags(), bitmap.added());
  }

  private BitmapDraft kept(OpenBitmap bitmap, int flags, DirtyBits added) throws IOException {
    Bitmap head = bitmap.stored().with(bitmap.stored().table(), flags);
    return BitmapDraft.of(core, head, added, table(bitmap), storedSize);
  }

  // ---- finding ----

  private Optional<OpenBitmap> find(String name) {
    return open.stream().filter(each -> each.name().equals(name)).findFirst();
  }

  private OpenBitmap required(String name) throws Qcow2Exception {
    Optional<OpenBitmap> found = find(name);
    if (found.isEmpty()) {
      throw refused("there is no bitmap named " + name, "see image info");
    }
    return found.get();
  }

  private OpenBitmap trusted(String name) throws Qcow2Exception {
    OpenBitmap bitmap = required(name);
    requireTrusted(bitmap);
    return bitmap;
  }

  private void requireTrusted(OpenBitmap bitmap) throws Qcow2Exception {
    if (bitmap.isLost()) {
      throw refused(
          "bitmap %s is inconsistent: whoever wrote to the image last did not close it"
              .formatted(bitmap.name()),
          "remove it with: image bitmap --remove, and make the next backup a full one");
    }
    if (bitmap.isForeign()) {
      throw refused(
          "bitmap %s has extra data of another program, without which it must not be used"
              .formatted(bitmap.name()),
          "use that program, or remove the bitmap with: image bitmap --remove");
    }
  }

  private Qcow2Exception refused(String what, String hint) {
    return new Qcow2Exception(Code.BITMAP, core.disk().name(), what, hint);
  }

  private Qcow2Exception invalid(String what) {
    return new Qcow2Exception(
        Code.INVALID_OPTION, core.disk().name(), what, "choose another value");
  }
}
