package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestChange;
import java.nio.ByteBuffer;

/**
 * A stretch of the disk and what a batch makes of it: bytes of one write, or zeroes.
 *
 * @param start first guest byte
 * @param end first guest byte behind it
 * @param source where the bytes are, null for zeroes
 * @param keep of zeroes: space stays allocated
 */
record Segment(long start, long end, GuestChange.Write source, boolean keep) {

  boolean isZero() {
    return source == null;
  }

  long length() {
    return end - start;
  }

  /** The part of it in [from, to), which overlaps it. */
  Segment clip(long from, long to) {
    return new Segment(Math.max(start, from), Math.min(end, to), source, keep);
  }

  /** Where its first byte is in the source's buffer. */
  int sourcePosition() {
    return (int) (start - source.offset().bytes()) + source.data().position();
  }

  /** The bytes, of a write. */
  ByteBuffer bytes() {
    return source.data().slice(sourcePosition(), (int) length());
  }
}
