package dev.drover.qcow2;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;

/**
 * Where the bytes of a disk are, through its whole backing chain: the extents from one offset to
 * another, in order, gap-free, merged where file and place go on. Reads tables as it goes.
 *
 * <p>An I/O error comes as {@link java.io.UncheckedIOException}. One thread; the disk may be read
 * by others meanwhile.
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="map"}
 */
public final class HostMap implements Iterator<HostExtent> {

  private final Optional<GuestDisk> backing;
  private final Iterator<HostExtent> own;
  private final long end;

  /** What was read ahead, ascending. */
  private final Queue<HostExtent> ready = new ArrayDeque<>();

  /** Of the hole that is being looked through, and the rest of it. */
  private Iterator<HostExtent> below;

  private HostExtent behindBelow;

  private HostMap(GuestDisk disk, long from, long end) {
    this.backing = disk.backing();
    this.own = disk.hostExtents(new GuestOffset(from));
    this.end = end;
  }

  /**
   * @param end at most the disk's size
   */
  public static Iterator<HostExtent> of(GuestDisk disk, GuestOffset from, long end) {
    return new HostMap(disk, from.bytes(), Math.min(end, disk.virtualSizeBytes()));
  }

  @Override
  public boolean hasNext() {
    return !ready.isEmpty() || readAhead();
  }

  @Override
  public HostExtent next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    HostExtent joined = ready.remove();
    while (hasNext() && joined.isContinuedBy(ready.element())) {
      joined = joined.joinedWith(ready.remove());
    }
    return joined;
  }

  private boolean readAhead() {
    if (below != null && below.hasNext()) {
      ready.add(below.next().below());
      return true;
    }
    below = null;
    if (behindBelow != null) {
      ready.add(behindBelow);
      behindBelow = null;
      return true;
    }
    if (!own.hasNext()) {
      return false;
    }
    HostExtent extent = own.next();
    if (extent.start().bytes() >= end) {
      return false;
    }
    add(extent.end() > end ? extent.part(extent.start().bytes(), end) : extent);
    return true;
  }

  /** A hole shows the disk below, as far as that reaches. */
  private void add(HostExtent extent) {
    long from = extent.start().bytes();
    long shownTo =
        extent.kind() == HostExtent.Kind.HOLE && backing.isPresent()
            ? Math.min(extent.end(), backing.get().virtualSizeBytes())
            : from;
    if (shownTo <= from) {
      ready.add(extent);
      return;
    }
    below = of(backing.get(), extent.start(), shownTo);
    behindBelow = shownTo < extent.end() ? extent.part(shownTo, extent.end()) : null;
    ready.add(below.next().below());
  }
}
