package dev.drover.qcow2;

import dev.drover.qcow2.core.Bitmaps;
import dev.drover.qcow2.core.Requests.Exclusive;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;

/**
 * The persistent dirty bitmaps of an image, as {@link Qcow2Image#bitmaps} gives them.
 *
 * <p>Before the first change of an image that is open for writing its enabled bitmaps are marked in
 * use, durably; what changes is noted in memory, and closing the image stores it. A process that
 * ends without closing leaves them so: then nobody can say what has changed, and all that can be
 * done with such a bitmap is to remove it. Disabled bitmaps are not touched by any of that.
 *
 * <p>A bitmap whose extra data says that only the program that made it may use it is listed, kept
 * as it is, and can be removed, nothing else. If it is enabled, the first change leaves it in use.
 *
 * <p>Each call is done, durably, or not at all, and stores what the image's other bitmaps have
 * noted. Any thread, at any time; a call waits for the requests in flight.
 *
 * <p>Every method throws {@link Qcow2Exception}: BITMAP for a name that is not there, is there
 * already or belongs to a bitmap that is not to be trusted or used, READ_ONLY, UNSUPPORTED in an
 * image of version 2, INVALID_OPTION.
 */
public final class DirtyBitmaps {

  /** How a change gets the image for itself. */
  @FunctionalInterface
  interface Gate {
    void run(Exclusive change) throws IOException;
  }

  private final Bitmaps bitmaps;
  private final Gate gate;

  DirtyBitmaps(Bitmaps bitmaps, Gate gate) {
    this.bitmaps = bitmaps;
    this.gate = gate;
  }

  /** All of them, in the file's order. */
  public List<BitmapInfo> list() {
    return bitmaps.infos();
  }

  /** What QEMU takes when nobody says anything: the cluster size within 4 and 64 KiB. */
  public long defaultGranularityBytes() {
    return bitmaps.defaultGranularity();
  }

  /**
   * Adds an empty one.
   *
   * @param granularityBytes a power of two from 512 to 2 GiB
   * @param enabled it follows the disk's changes from now on
   */
  public void add(String name, long granularityBytes, boolean enabled) throws IOException {
    gate.run(() -> bitmaps.add(name, granularityBytes, enabled));
  }

  /** Removes one, whatever state it is in. */
  public void remove(String name) throws IOException {
    gate.run(() -> bitmaps.remove(name));
  }

  /** Clears all bits of one. */
  public void clear(String name) throws IOException {
    gate.run(() -> bitmaps.clear(name));
  }

  /** Lets one follow the disk's changes from now on. */
  public void enable(String name) throws IOException {
    gate.run(() -> bitmaps.enable(name, true));
  }

  /** Leaves one as it is, whatever changes from now on. */
  public void disable(String name) throws IOException {
    gate.run(() -> bitmaps.enable(name, false));
  }

  /**
   * Sets in one every bit whose part of the disk the other calls changed, even if only in part.
   *
   * @param source of this image or of another; of a disk of the same size
   */
  public void merge(String into, DirtyBitmaps source, String name) throws IOException {
    gate.run(() -> bitmaps.merge(into, source.bitmaps, name));
  }

  /**
   * What one calls changed: ascending, neither touching nor overlapping, within the disk.
   *
   * @return reads the file as it goes; an I/O error comes as {@link java.io.UncheckedIOException},
   *     a change of the image's bitmaps as {@link java.util.ConcurrentModificationException}
   */
  public Iterator<DirtyRange> dirtyRanges(String name) throws IOException {
    return bitmaps.dirtyRanges(name);
  }
}
