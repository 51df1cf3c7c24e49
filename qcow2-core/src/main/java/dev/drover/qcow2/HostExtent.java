package dev.drover.qcow2;

import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A range of a virtual disk and the place of its bytes in the host's files: what a program needs to
 * do its own I/O.
 *
 * <p>Whoever does needs the image to himself, or reads only, and looks again after every write that
 * went through the image: a write may give a range another place.
 *
 * @param depth how many files below the image the range was found: 0 in the image itself
 * @param hostOffset where in {@code file} its bytes are, one after the other; of ZERO and HOLE a
 *     place that is kept for them, which may hold other bytes
 * @param file of {@code hostOffset}
 */
public record HostExtent(
    GuestOffset start,
    long length,
    Kind kind,
    int depth,
    OptionalLong hostOffset,
    Optional<String> file) {

  /** What the bytes of the range are. */
  public enum Kind {
    /** As they are in the file. */
    DATA,
    /** Packed in clusters of their own: only the image can read them. */
    COMPRESSED,
    /** Zeroes, because the image says so, or of a raw file the host. */
    ZERO,
    /** Zeroes, because nothing in the chain says anything. */
    HOLE
  }

  /** Extents of something that tells no places. */
  static Iterator<HostExtent> unplaced(Iterator<GuestExtent> extents) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return extents.hasNext();
      }

      @Override
      public HostExtent next() {
        GuestExtent next = extents.next();
        Kind kind =
            switch (next.kind()) {
              case DATA -> Kind.DATA;
              case ZERO -> Kind.ZERO;
              case HOLE -> Kind.HOLE;
            };
        return new HostExtent(
            next.start(), next.length(), kind, 0, OptionalLong.empty(), Optional.empty());
      }
    };
  }

  /** Whether a file of the chain says what the range reads as. */
  public boolean isAllocated() {
    return kind != Kind.HOLE;
  }

  public boolean isZero() {
    return kind == Kind.ZERO || kind == Kind.HOLE;
  }

  /** The first offset behind the extent. */
  public long end() {
    return start.bytes() + length;
  }

  /** Whether another one continues it: the same in all, and where it has a place, behind it. */
  boolean isContinuedBy(HostExtent next) {
    boolean follows =
        hostOffset.isEmpty()
            ? next.hostOffset.isEmpty()
            : next.hostOffset.isPresent()
                && hostOffset.getAsLong() + length == next.hostOffset.getAsLong();
    return follows && kind == next.kind && depth == next.depth && file.equals(next.file);
  }

  /** Whether the bytes of both are the very same ones of a file, however deep in the chain. */
  boolean isInPlaceOf(HostExtent other) {
    return file.equals(other.file) && kind == other.kind && hostOffset.equals(other.hostOffset);
  }

  HostExtent joinedWith(HostExtent next) {
    return new HostExtent(start, length + next.length, kind, depth, hostOffset, file);
  }

  /** The same place for another range of a disk that is made of several. */
  HostExtent movedBy(long bytes) {
    return new HostExtent(
        new GuestOffset(start.bytes() + bytes), length, kind, 0, hostOffset, file);
  }

  /** The same one file further down. */
  HostExtent below() {
    return new HostExtent(start, length, kind, depth + 1, hostOffset, file);
  }

  /** What of it lies in [from, to). */
  HostExtent part(long from, long to) {
    long skipped = from - start.bytes();
    OptionalLong place =
        hostOffset.isEmpty() ? hostOffset : OptionalLong.of(hostOffset.getAsLong() + skipped);
    return new HostExtent(new GuestOffset(from), to - from, kind, depth, place, file);
  }
}
