package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A disk whose content can be changed. Any thread may call any method at any time; of overlapping
 * changes one comes after the other. Nothing is durable before {@link #flush} returned.
 *
 * <p>A range that leaves the disk is an {@link IndexOutOfBoundsException}, and nothing has changed.
 */
public interface WritableDisk extends GuestDisk {

  /** Writes all of {@code source}. */
  void write(GuestOffset offset, ByteBuffer source) throws IOException;

  /**
   * Makes the range read as zeroes.
   *
   * @param mayUnmap whether its space may go back to the host
   */
  void writeZeroes(GuestOffset offset, long length, boolean mayUnmap) throws IOException;

  /** Gives the space of a range back where that can be done; elsewhere its bytes stay. */
  void discard(GuestOffset offset, long length) throws IOException;

  /**
   * Changes the disk's size, durably; what is added reads as zeroes.
   *
   * @param newSizeBytes a multiple of 512
   */
  void resize(long newSizeBytes) throws IOException;

  /** Makes everything that has returned durable. */
  void flush() throws IOException;
}
