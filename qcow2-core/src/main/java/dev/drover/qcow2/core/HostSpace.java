package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostExtent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * Has the host set aside the space that a disk's new clusters have in its file, before anybody has
 * written to them: they read as zeroes before and after.
 */
public final class HostSpace {

  private static final int PIECE_BYTES = 1 << 20;

  private final Disk disk;
  private final boolean written;

  private HostSpace(Disk disk, boolean written) {
    this.disk = disk;
    this.written = written;
  }

  /**
   * For a disk from here on, where nobody has written yet; durable on return.
   *
   * @param start guest offset, a multiple of the cluster size; may be the disk's end or behind it
   * @param written whether zeroes are written, too
   * @throws dev.drover.qcow2.io.DiskFullException when there is no such space
   */
  public static void take(ImageCore core, long start, boolean written) throws IOException {
    HostSpace space = new HostSpace(core.disk(), written);
    try {
      // Its own places: what a backing disk shows is not in this file.
      Iterator<HostExtent> places = core.activeView().hostExtents(new GuestOffset(start));
      while (places.hasNext()) {
        HostExtent place = places.next();
        if (place.hostOffset().isPresent()) {
          space.take(place.hostOffset().getAsLong(), place.length());
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
    core.sync();
  }

  private void take(long offset, long length) throws IOException {
    for (long done = 0; done < length; done += PIECE_BYTES) {
      int bytes = (int) Math.min(PIECE_BYTES, length - done);
      if (written) {
        disk.writeData(offset + done, ByteBuffer.allocate(bytes));
      } else {
        disk.writeZeroes(offset + done, bytes, false);
      }
    }
  }
}
