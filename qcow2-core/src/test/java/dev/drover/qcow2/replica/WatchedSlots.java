package dev.drover.qcow2.replica;

import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.ForwardingBlockFile;
import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Watches what one process does to the two position slots (I-12): from what it knows, a slot is
 * written only while the other one is the newest durable. A sync that failed makes nothing known.
 */
final class WatchedSlots extends ForwardingBlockFile {

  private final List<Long> places;
  private long durable;
  private long inDoubt = -1;

  WatchedSlots(BlockFile disk, BlockFile content) throws IOException {
    super(disk);
    PositionSlots slots = PositionSlots.read(Header.read(content), content.name());
    this.places = List.of(slots.placeOf(0).bytes(), slots.placeOf(1).bytes());
    this.durable = slots.placeOf(slots.newest().orElseThrow().generation()).bytes();
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    if (places.contains(offset)) {
      if (offset == durable || inDoubt >= 0 && inDoubt != offset) {
        throw new InvariantViolation(
            "I-12",
            "the slot at %d is written, but of the other one nothing is durable".formatted(offset));
      }
      inDoubt = offset;
    }
    super.write(src, offset);
  }

  @Override
  public void sync() throws IOException {
    super.sync();
    if (inDoubt >= 0) {
      durable = inDoubt;
      inDoubt = -1;
    }
  }
}
