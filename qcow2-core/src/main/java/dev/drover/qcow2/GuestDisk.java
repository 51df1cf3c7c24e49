package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Something with the content of a virtual disk: an image, a snapshot in one, a raw file. */
public interface GuestDisk extends AutoCloseable {

  /** How large the disk is. */
  long virtualSizeBytes();

  /**
   * Fills the whole of {@code destination}. Any thread.
   *
   * @throws IndexOutOfBoundsException when the range leaves the disk
   */
  void read(GuestOffset offset, ByteBuffer destination) throws IOException;

  /** The extents from {@code from} to the end of the disk, merged, in order, gap-free. */
  default Iterator<GuestExtent> map(GuestOffset from) {
    long length = virtualSizeBytes() - from.bytes();
    return length <= 0
        ? List.<GuestExtent>of().iterator()
        : List.of(new GuestExtent(from, length, GuestExtent.Kind.DATA)).iterator();
  }

  /**
   * The places of the extents from {@code from} to the end of the disk, as this disk alone has
   * them, of depth 0; {@link HostMap} adds those of the disks below.
   */
  default Iterator<HostExtent> hostExtents(GuestOffset from) {
    return HostExtent.unplaced(map(from));
  }

  /** The disk that shows where this one has a hole. */
  default Optional<GuestDisk> backing() {
    return Optional.empty();
  }

  /**
   * Whether what {@link #map} calls a HOLE is known to read as zeroes: there is no backing disk.
   */
  default boolean holesAreZero() {
    return false;
  }

  /** Closes what the disk alone holds open; a view of something else holds nothing. */
  @Override
  default void close() throws IOException {}
}
