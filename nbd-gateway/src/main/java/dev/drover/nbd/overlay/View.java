package dev.drover.nbd.overlay;

import java.nio.ByteBuffer;
import java.util.List;

/** What an {@link Overlay} showed in a range at one moment. Immutable. */
public final class View {
  /** A range of the volume and its bytes; null stands for zeroes. */
  record Piece(long start, long end, ByteBuffer data) {}

  private static final byte[] ZEROES = new byte[16 * 1024];

  private final long offset;
  private final long length;
  private final List<Piece> pieces;

  /** {@code pieces} lie in the range, in order, and do not overlap. */
  View(long offset, long length, List<Piece> pieces) {
    this.offset = offset;
    this.length = length;
    this.pieces = pieces;
  }

  /** Whether nothing beneath can be seen. */
  public boolean coversAll() {
    return pieces.stream().mapToLong(piece -> piece.end() - piece.start()).sum() == length;
  }

  /**
   * Puts what was shown over {@code image}, the range's content as the image has it: byte 0 of the
   * buffer is the first of the range. Position and limit are left alone.
   */
  public void mergeOver(ByteBuffer image) {
    for (Piece piece : pieces) {
      int at = (int) (piece.start() - offset);
      int bytes = (int) (piece.end() - piece.start());
      if (piece.data() == null) {
        for (int done = 0; done < bytes; done += ZEROES.length) {
          image.put(at + done, ZEROES, 0, Math.min(ZEROES.length, bytes - done));
        }
      } else {
        image.put(at, piece.data(), piece.data().position(), bytes);
      }
    }
  }
}
