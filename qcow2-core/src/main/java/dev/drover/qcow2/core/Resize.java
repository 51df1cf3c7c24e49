package dev.drover.qcow2.core;

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
    long oldSize = core.virtualSize();
    if (newSize < oldSize) {
      zero(newSize, oldSize);
    } else if (!geometry.isAligned(oldSize)) {
      zero(oldSize, geometry.roundUp(oldSize));
    }
    core.condition().fall();
    int needed = Math.toIntExact(geometry.l1EntriesFor(newSize));
    if (needed > core.header().l1().count()) {
      growL1(needed);
    } else {
      core.submitHeader(core.header().withVirtualSize(newSize));
    }
    core.sync();
    core.frees().releaseAll();
    core.release();
  }

  private void zero(long from, long end) throws IOException {
    GuestChange change = new GuestChange.Zero(new GuestOffset(from), end - from, false);
    WriteBatch batch = core.beginBehindEnd(change);
    batch.allocate();
    batch.writeData();
    batch.barrier();
    batch.link();
    core.giveBack(); // durable, and nothing of it is left over
  }

  private void growL1(int entries) throws IOException {
    NewTable home = NewTable.take(core, 8L * entries);
    long[] l1 = Arrays.copyOf(core.mapping().l1(), entries);
    home.write(Mapping.bytes(l1, 0, entries));
    core.sync();
    ClusterSequence replaced = new ClusterSequence();
    core.tree()
        .addTable(replaced, core.header().l1().offset().bytes(), 8L * core.header().l1().count());
    core.switchL1(home, l1, newSize, replaced);
  }
}
