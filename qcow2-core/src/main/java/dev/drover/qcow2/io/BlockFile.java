package dev.drover.qcow2.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A file that an image lives in: positional I/O, and no position of its own.
 *
 * <p>What every implementation promises:
 *
 * <ul>
 *   <li><b>Threads.</b> Every method may be called from any thread at any time. Calls on disjoint
 *       ranges do not affect each other; what overlapping concurrent calls leave behind is
 *       undefined byte by byte.
 *   <li><b>Whole transfers.</b> {@link #read} and {@link #write} move all remaining bytes of the
 *       buffer or throw. After a throw from {@link #write} any part of the range may hold the new
 *       bytes; the buffer's position is undefined.
 *   <li><b>Alignment.</b> None is asked for. A device persists 512-byte sectors whole or not at
 *       all; nothing larger is atomic, and no order holds between sectors.
 *   <li><b>Durability.</b> Only {@link #sync} makes anything durable: bytes, length and punches
 *       alike. Until then any subset of them may survive a power cut, in any order.
 *   <li><b>A failed sync</b> may have dropped everything written since the last good one, and a
 *       later sync that succeeds says nothing about it: it must be <em>written again</em> first.
 *   <li><b>A full disk</b> is told apart from other failures: {@link DiskFullException}.
 * </ul>
 */
public interface BlockFile extends AutoCloseable {

  /** What a device writes whole or not at all. */
  int SECTOR_BYTES = 512;

  /** Fills {@code dst} from {@code offset}; bytes past the end of the file read as zeroes. */
  void read(ByteBuffer dst, long offset) throws IOException;

  /** Writes all of {@code src} at {@code offset}, extending the file where it ends earlier. */
  void write(ByteBuffer src, long offset) throws IOException;

  /** The length in bytes, unsynced changes included. */
  long length() throws IOException;

  /** Truncates or extends; bytes that an extension adds read as zeroes. */
  void setLength(long bytes) throws IOException;

  /** {@code fdatasync}: when it returns, every completed write, length and punch is durable. */
  void sync() throws IOException;

  /**
   * Gives the space of a range back to the host. The range then reads as zeroes, or as before where
   * the host cannot do it: callers never rely on either, and the length does not change.
   */
  void punch(long offset, long length) throws IOException;

  /**
   * Makes a range read as zeroes, for certain, extending the file where it ends earlier.
   *
   * @param mayUnmap its space may go back to the host
   */
  default void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
    ByteBuffer zeroes = ByteBuffer.allocate((int) Math.min(length, 1 << 16));
    for (long done = 0; done < length; done += zeroes.limit()) {
      zeroes.clear().limit((int) Math.min(zeroes.capacity(), length - done));
      write(zeroes, offset + done);
    }
  }

  /**
   * Where the next byte at or behind {@code from} is that may be other than zero; {@link
   * Long#MAX_VALUE} where there is none. What lies before it is a hole, known to read as zeroes
   * without a look at it.
   */
  default long nextData(long from) throws IOException {
    return from;
  }

  /** Where at or behind {@code from} the next hole is that is known of; the file's end is one. */
  default long nextHole(long from) throws IOException {
    return Math.max(from, length());
  }

  /** What messages call this file. */
  String name();

  @Override
  void close() throws IOException;
}
