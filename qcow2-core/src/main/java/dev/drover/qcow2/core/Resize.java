package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Geometry;
import java.io.IOException;
import java.util.Arrays;

/**
 * Changes the disk's size. What a shrinking disk loses is zeroed first, and what its last cluster
 * holds behind the end is zeroed before it grows: in between nothing but the header's one write
 * decides, so doing it again after a crash is doing it once.
 */
final class Resize {

  /** Where zeroes must be written, that many at a time. */
  private static final long WRITTEN_BYTES = 16L << 20;

  private final ImageCore core;
  private final Geometry geometry;
  private final long newSize;

  /**
   * @throws Qcow2Exception OUT_OF_RANGE
   */
  Resize(ImageCore core, long newSize) throws Qcow2Exception {
    this.core = core;
    this.geometry = core.geometry();
    this.newSize = newSize;
    if (newSize < 0 || newSize % 512 != 0 || newSize > geometry.maxVirtualSize()) {
      throw new Qcow2Exception(
          Code.OUT_OF_RANGE,
          core.disk().name(),
          "a disk of " + newSize + " bytes cannot be mapped, at most " + geometry.maxVirtualSize(),
          "choose a multiple of 512 below it, or an image with larger clusters");
    }
  }

  void run() throws IOException {
    if (newSize < core.virtualSize()) {
      shrink(core.virtualSize());
    } else {
      grow(core.virtualSize());
    }
  }

  /** A data file gets shorter last: it is never shorter than the disk. */
  private void shrink(long oldSize) throws IOException {
    if (core.isDataFileRaw()) {
      zero(newSize, oldSize, core.zeroing()); // whoever reads it alone sees what the guest sees
    }
    // Without a zero flag entries are emptied: nobody will see what shows through there.
    zero(newSize, oldSize, new Zeroing(core.isBacked() && hasFlags(), hasFlags(), false));
    submitSize();
    core.trimDataFile();
  }

  private void grow(long oldSize) throws IOException {
    if (core.hasDataFile()) {
      core.condition().fall();
      core.trimDataFile();
      core.disk().resizeData(newSize);
    }
    if (core.backingEnd() > oldSize) {
      core.condition().fall();
      if (growL1(oldSize)) {
        core.releaseUnlinked();
      }
      zero(oldSize, newSize, core.zeroing()); // else the backing disk's bytes would show
    } else if (!geometry.isAligned(oldSize) && !core.hasDataFile()) {
      zero(oldSize, geometry.roundUp(oldSize), core.zeroing());
    }
    submitSize();
  }

  private void submitSize() throws IOException {
    core.condition().fall();
    if (!growL1(newSize)) {
      core.submitHeader(core.header().withVirtualSize(newSize));
    }
    core.releaseUnlinked();
  }

  private boolean hasFlags() {
    return core.zeroing().flags();
  }

  private void zero(long from, long end, Zeroing zeroing) throws IOException {
    long step = zeroing.byEntry() ? end - from : WRITTEN_BYTES;
    for (long at = from; at < end; at += step) {
      long length = Math.min(step, end - at);
      WriteBatch batch =
          core.beginBehindEnd(new GuestChange.Zero(new GuestOffset(at), length, false), zeroing);
      batch.allocate();
      batch.writeData();
      batch.barrier();
      batch.link();
      core.giveBack(); // durable, and nothing of it is left over
    }
  }

  /** Gives the disk a size with a larger L1 table, unless the one there is large enough. */
  private boolean growL1(long size) throws IOException {
    int entries = Math.toIntExact(geometry.l1EntriesFor(newSize));
    if (entries <= core.header().l1().count()) {
      return false;
    }
    NewTable home = NewTable.take(core, 8L * entries);
    long[] l1 = Arrays.copyOf(core.mapping().l1(), entries);
    home.write(Mapping.bytes(l1, 0, entries));
    core.sync();
    ClusterSequence replaced = new ClusterSequence();
    core.tree()
        .addTable(replaced, core.header().l1().offset().bytes(), 8L * core.header().l1().count());
    core.switchL1(home, l1, size, replaced, DiscardClass.OTHER);
    return true;
  }
}
