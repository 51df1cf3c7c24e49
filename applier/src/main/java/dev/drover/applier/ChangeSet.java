package dev.drover.applier;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The changes of one batch, none of which overlap: a later one cuts out of earlier ones what it
 * overwrites. Separate from the planner because it knows bytes and nothing of intents.
 */
final class ChangeSet {

  /** {@code data == null}: zeroes. */
  private record Piece(long start, long end, ByteBuffer data, boolean keepAllocated) {

    Piece cut(long from, long to) {
      ByteBuffer part =
          data == null
              ? null
              : data.slice(data.position() + (int) (from - start), (int) (to - from));
      return new Piece(from, to, part, keepAllocated);
    }

    GuestChange toChange() {
      GuestOffset offset = new GuestOffset(start);
      return data == null
          ? new GuestChange.Zero(offset, end - start, keepAllocated)
          : new GuestChange.Write(offset, data);
    }
  }

  private final TreeMap<Long, Piece> pieces = new TreeMap<>();
  private long droppedBytes;

  /** Whether a change of this range would overwrite something here. */
  boolean overlaps(long start, long end) {
    Map.Entry<Long, Piece> before = pieces.lowerEntry(end);
    return before != null && before.getValue().end > start;
  }

  void write(long start, ByteBuffer data) {
    put(new Piece(start, Math.addExact(start, data.remaining()), data, false));
  }

  void zero(long start, long length, boolean keepAllocated) {
    put(new Piece(start, Math.addExact(start, length), null, keepAllocated));
  }

  private void put(Piece piece) {
    if (piece.start == piece.end) {
      return;
    }
    Map.Entry<Long, Piece> floor = pieces.floorEntry(piece.start);
    if (floor != null && floor.getValue().end > piece.start) {
      cutOut(floor.getValue(), piece);
    }
    for (Map.Entry<Long, Piece> next = pieces.ceilingEntry(piece.start);
        next != null && next.getKey() < piece.end;
        next = pieces.ceilingEntry(piece.start)) {
      cutOut(next.getValue(), piece);
    }
    pieces.put(piece.start, piece);
  }

  private void cutOut(Piece old, Piece by) {
    pieces.remove(old.start);
    if (old.start < by.start) {
      pieces.put(old.start, old.cut(old.start, by.start));
    }
    if (old.end > by.end) {
      pieces.put(by.end, old.cut(by.end, old.end));
    }
    droppedBytes += Math.min(old.end, by.end) - Math.max(old.start, by.start);
  }

  /** Bytes of earlier changes that later ones overwrote. */
  long droppedBytes() {
    return droppedBytes;
  }

  /** In ascending guest order. */
  List<GuestChange> toList() {
    List<GuestChange> changes = new ArrayList<>(pieces.size());
    pieces.values().forEach(piece -> changes.add(piece.toChange()));
    return changes;
  }
}
