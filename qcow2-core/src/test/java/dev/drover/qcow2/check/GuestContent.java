package dev.drover.qcow2.check;

import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a guest can read of an image, of its disk and of its snapshots: piece by piece, for a piece
 * that cannot be read says nothing about the others.
 *
 * @param pieces by disk or number of a snapshot, and offset
 */
record GuestContent(Map<String, ByteBuffer> pieces) {

  private static final int PIECE = 4096;

  /** A damaged header can claim thousands. */
  private static final int MOST_SNAPSHOTS = 3;

  /** A damaged snapshot can claim any size. */
  private static final long MOST_BYTES = 8 << 20;

  /** Empty when the image can't be opened at all. */
  static Optional<GuestContent> of(BlockFile file) throws IOException {
    Map<String, ByteBuffer> pieces = new HashMap<>();
    Qcow2Image image;
    try {
      image = Qcow2Image.open(file, true);
    } catch (Qcow2Exception e) {
      return Optional.empty();
    }
    read(image, "disk", pieces);
    int snapshots = Math.min(MOST_SNAPSHOTS, image.snapshots().size());
    for (int i : IntStream.range(0, snapshots).toArray()) {
      try {
        read(image.openSnapshot(image.snapshots().get(i).id()), "snapshot " + i, pieces);
      } catch (Qcow2Exception e) {
        continue; // nothing of it can be read
      }
    }
    return Optional.of(new GuestContent(pieces));
  }

  private static void read(Qcow2Image image, String name, Map<String, ByteBuffer> pieces)
      throws IOException {
    for (long at = 0; at < Math.min(MOST_BYTES, image.virtualSizeBytes()); at += PIECE) {
      ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, image.virtualSizeBytes() - at));
      try {
        image.read(new GuestOffset(at), piece);
        pieces.put(name + " at " + at, piece.flip());
      } catch (Qcow2Exception e) {
        continue; // unreadable
      }
    }
  }

  /** The first piece of this that {@code after} does not have unchanged. */
  Optional<String> firstLostIn(GuestContent after) {
    return pieces.keySet().stream()
        .filter(piece -> !pieces.get(piece).equals(after.pieces.get(piece)))
        .findFirst();
  }
}
