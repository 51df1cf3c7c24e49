package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Something with the content of a virtual disk: an image, a snapshot in one, a raw file. */
public interface GuestDisk {

  /** How large the disk is. */
  long virtualSizeBytes();

  /**
   * Fills the whole of {@code destination}. Any thread.
   *
   * @throws IndexOutOfBoundsException when the range leaves the disk
   */
  void read(GuestOffset offset, ByteBuffer destination) throws IOException;
}
