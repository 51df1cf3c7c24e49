package dev.drover.qcow2.core;

import dev.drover.qcow2.format.PositionSlot;
import dev.drover.qcow2.format.PositionSlots;
import java.io.IOException;
import java.util.Optional;

/**
 * The two position slots of an open replica. A slot is written only while the other one is the
 * newest durable (I-12), so a power cut never takes both: after a write whose fdatasync failed, the
 * next one goes to the same place again, and a generation is left out.
 */
final class Slots {

  private final Disk disk;
  private final PositionSlots places;
  private volatile PositionSlot durable;
  private PositionSlot written;
  private long lastGeneration;

  Slots(Disk disk, PositionSlots places) {
    this.disk = disk;
    this.places = places;
    this.durable = places.newest().orElseThrow();
    this.written = durable;
    this.lastGeneration = durable.generation();
  }

  /** The newest durable slot. Any thread. */
  PositionSlot durable() {
    return durable;
  }

  /** The slot written last, durable or not. */
  PositionSlot written() {
    return written;
  }

  /** The generation that the next write will have. */
  long nextGeneration() {
    long next = lastGeneration + 1;
    boolean placeOfDurable = (next & 1) == (durable.generation() & 1);
    return placeOfDurable ? next + 1 : next;
  }

  /** Writes a slot; {@link #synced} tells when it has become durable. */
  void write(boolean clean, Optional<PositionSlot.Window> window, byte[] payload)
      throws IOException {
    PositionSlot slot = new PositionSlot(nextGeneration(), clean, window, payload);
    lastGeneration = slot.generation();
    written = slot;
    disk.writeTable(places.placeOf(slot.generation()).bytes(), slot.encode());
  }

  void synced() {
    durable = written;
  }
}
