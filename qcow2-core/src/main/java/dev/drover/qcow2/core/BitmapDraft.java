package dev.drover.qcow2.core;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.BitmapDirectory.Bitmap;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.TreeSet;

/**
 * One bitmap as the next directory is to have it: its old table, and what of it changes. Clusters
 * whose bits do not change stay where they are.
 */
final class BitmapDraft {

  private static final long[] NO_TABLE = {};

  private final ImageCore core;
  private final Geometry geometry;
  private final Bitmap head;
  private final DirtyBits added;
  private final long[] before;
  private final long[] entries;

  /** Bits of the disk as it was when the old table was written, and as it is. */
  private final long bitsBefore;

  private final long bitsNow;

  /** Whose bits get a cluster of their own. */
  private final TreeSet<Integer> rewritten = new TreeSet<>();

  private BitmapDraft(
      ImageCore core, Bitmap head, DirtyBits added, long[] before, long[] entries, long oldSize) {
    this.core = core;
    this.geometry = core.geometry();
    this.head = head;
    this.added = added;
    this.before = before;
    this.entries = entries;
    this.bitsBefore = head.bits(oldSize);
    this.bitsNow = head.bits(core.virtualSize());
  }

  /** A bitmap that is new, or has lost all its bits. */
  static BitmapDraft empty(ImageCore core, Bitmap head) {
    DirtyBits none = new DirtyBits(head.granularityBits(), core.geometry().clusterBits());
    return new BitmapDraft(core, head, none, NO_TABLE, new long[entries(core, head)], 0);
  }

  private static int entries(ImageCore core, Bitmap head) {
    return Math.toIntExact(head.entriesFor(core.virtualSize(), core.geometry()));
  }

  /**
   * A bitmap with more bits.
   *
   * @param before its table
   * @param oldSize the size of the disk that the table was written for
   */
  static BitmapDraft of(ImageCore core, Bitmap head, DirtyBits added, long[] before, long oldSize) {
    long[] entries = Arrays.copyOf(before, entries(core, head));
    BitmapDraft draft = new BitmapDraft(core, head, added, before, entries, oldSize);
    int oldLast = Math.min(before.length, draft.entries.length) - 1;
    if (oldSize != core.virtualSize() && oldLast >= 0 && draft.entries[oldLast] != 0) {
      draft.rewritten.add(oldLast); // bits behind the disk's end, old or new, must not show
    }
    for (int chunk : added.chunks()) {
      draft.add(chunk);
    }
    return draft;
  }

  /** A bitmap that nobody can trust any more, or only another program can use, as it is. */
  static BitmapDraft untouched(ImageCore core, Bitmap head) {
    DirtyBits none = new DirtyBits(head.granularityBits(), core.geometry().clusterBits());
    return new BitmapDraft(core, head, none, NO_TABLE, NO_TABLE, 0);
  }

  private void add(int chunk) {
    if (chunk >= entries.length) {
      return;
    }
    if (added.isAll(chunk)) {
      rewritten.remove(chunk);
      entries[chunk] = BitmapDirectory.ALL_ONES;
    } else if (entries[chunk] != BitmapDirectory.ALL_ONES) {
      rewritten.add(chunk);
    }
  }

  Bitmap head() {
    return head;
  }

  private boolean changes() {
    return !rewritten.isEmpty() || !Arrays.equals(before, entries);
  }

  /** How many new clusters it needs. */
  int clusters() {
    int table = (int) geometry.clusters((long) entries.length * Long.BYTES);
    return changes() ? rewritten.size() + table : 0;
  }

  /** Writes what is new into clusters of a run, from this one on; the bitmap as it will be. */
  Bitmap write(NewTable run, int at) throws IOException {
    if (!changes()) {
      return head;
    }
    int next = at;
    for (int chunk : rewritten) {
      byte[] bytes = Arrays.copyOf(bits(chunk).toByteArray(), geometry.clusterSize());
      run.write(next, ByteBuffer.wrap(bytes));
      entries[chunk] = run.offset(next++);
      core.boundUnsynced();
    }
    run.write(next, Mapping.bytes(entries, 0, entries.length));
    TablePointer table = new TablePointer(new HostOffset(run.offset(next)), entries.length);
    return head.with(table, head.flags());
  }

  private BitSet bits(int chunk) throws IOException {
    BitSet bits = chunk < before.length ? BitmapBits.read(core, before[chunk]) : new BitSet();
    cut(bits, chunk, bitsBefore);
    added.addTo(bits, chunk);
    cut(bits, chunk, bitsNow);
    return bits;
  }

  private void cut(BitSet bits, int chunk, long end) {
    long first = (long) chunk << geometry.clusterBits() + 3;
    int behind = Math.clamp(end - first, 0, bits.length());
    bits.clear(behind, bits.length());
  }

  /** Notes what only the old table refers to, and that table. */
  void unlinkOld(ClusterSequence gone) {
    if (!changes()) {
      return;
    }
    for (int i = 0; i < before.length; i++) {
      long offset = BitmapDirectory.offset(before[i]);
      if (offset != 0 && (i >= entries.length || entries[i] != before[i])) {
        gone.add(offset >>> geometry.clusterBits());
      }
    }
    core.tree().addTable(gone, head.table().offset().bytes(), 8L * head.table().count());
  }
}
