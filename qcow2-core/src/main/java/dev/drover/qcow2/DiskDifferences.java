package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What has to be written onto one disk so that it shows another: ranges that both know to be zero,
 * or that both have in the same place of the same file, are not even read. A disk reads as zeroes
 * behind its end. One thread, upwards only.
 */
final class DiskDifferences {

  private static final int CHUNK_BYTES = 2 << 20;

  /** Told of what differs, ascending. */
  interface Visitor {
    void data(long offset, ByteBuffer bytes) throws IOException;

    void zeroes(long offset, long length) throws IOException;
  }

  /** How a piece of both is to be treated. */
  private enum Piece {
    SAME,
    ZERO,
    DATA
  }

  private final DiskCursor wanted;
  private final DiskCursor shown;
  private final int grain;
  private final ByteBuffer wantedBytes = ByteBuffer.allocate(CHUNK_BYTES);
  private final ByteBuffer shownBytes = ByteBuffer.allocate(CHUNK_BYTES);

  /**
   * @param grain a piece of this many bytes, at a multiple of them, differs as a whole; at most 2
   *     MiB
   */
  DiskDifferences(GuestDisk wanted, GuestDisk shown, int grain) {
    this.wanted = new DiskCursor(wanted);
    this.shown = new DiskCursor(shown);
    this.grain = grain;
  }

  /** Visits what differs in [from, end). */
  void visit(long from, long end, Visitor visitor) throws IOException {
    for (long at = from; at < end; ) {
      wanted.moveTo(at);
      shown.moveTo(at);
      long next = Math.min(end, Math.min(wanted.end(), shown.end()));
      if (!wanted.isSameAs(shown, at)) {
        next = Math.min(next, (at / CHUNK_BYTES + 1) * CHUNK_BYTES);
        compare(at, (int) (next - at), visitor);
      }
      at = next;
    }
  }

  private void compare(long at, int bytes, Visitor visitor) throws IOException {
    wanted.read(at, wantedBytes.clear().limit(bytes));
    shown.read(at, shownBytes.clear().limit(bytes));
    Piece run = Piece.SAME;
    int start = 0;
    for (int from = 0; from < bytes; ) {
      int to = (int) Math.min(bytes, ((at + from) / grain + 1) * grain - at);
      Piece piece = piece(from, to);
      if (piece != run) {
        tell(run, at, start, from, visitor);
        run = piece;
        start = from;
      }
      from = to;
    }
    tell(run, at, start, bytes, visitor);
  }

  private Piece piece(int from, int to) {
    ByteBuffer mine = wantedBytes.slice(from, to - from);
    if (mine.equals(shownBytes.slice(from, to - from))) {
      return Piece.SAME;
    }
    return ZeroBytes.areAll(mine) ? Piece.ZERO : Piece.DATA;
  }

  private void tell(Piece run, long at, int start, int end, Visitor visitor) throws IOException {
    switch (run) {
      case SAME -> {}
      case ZERO -> visitor.zeroes(at + start, end - start);
      case DATA -> visitor.data(at + start, wantedBytes.slice(start, end - start));
    }
  }
}
