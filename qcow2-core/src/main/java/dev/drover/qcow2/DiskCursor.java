package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * A place in a disk, which moves upwards only, and what the disk's files know of it. A disk reads
 * as zeroes behind its end. One thread.
 */
final class DiskCursor {

  private final GuestDisk disk;
  private final long size;
  private final Iterator<HostExtent> extents;
  private HostExtent extent; // null behind the end
  private long end;

  DiskCursor(GuestDisk disk) {
    this.disk = disk;
    this.size = disk.virtualSizeBytes();
    this.extents = HostMap.of(disk, GuestOffset.ZERO, size);
  }

  long size() {
    return size;
  }

  /** Up to where what is known of the place holds. */
  long end() {
    return end;
  }

  void moveTo(long at) {
    while (at >= end) {
      extent = extents.hasNext() ? extents.next() : null;
      end = extent == null ? Long.MAX_VALUE : extent.end();
    }
  }

  /** As it is known without a look at the bytes. */
  boolean isZero() {
    return extent == null || extent.isZero();
  }

  /** Whether both are known to show the same bytes at {@code at}, where both are. */
  boolean isSameAs(DiskCursor other, long at) {
    if (isZero() || other.isZero()) {
      return isZero() && other.isZero();
    }
    return extent.file().isPresent()
        && extent.kind() == HostExtent.Kind.DATA
        && extent.part(at, at).isInPlaceOf(other.extent.part(at, at));
  }

  /** Whether both have data, zeroes or nothing there; behind an end, the sizes say what differs. */
  boolean isOfSameKindAs(DiskCursor other) {
    if (extent == null || other.extent == null) {
      return true;
    }
    return extent.kind() == other.extent.kind()
        && extent.hostOffset().isPresent() == other.extent.hostOffset().isPresent();
  }

  /** Fills the whole buffer, which is left ready to be read. */
  void read(long at, ByteBuffer bytes) throws IOException {
    int wanted = bytes.limit();
    int there = isZero() ? 0 : Math.clamp(size - at, 0, wanted);
    if (there > 0) {
      disk.read(new GuestOffset(at), bytes.limit(there));
    }
    bytes.limit(wanted);
    while (bytes.hasRemaining()) {
      bytes.put((byte) 0);
    }
    bytes.flip();
  }
}
