package dev.drover.qcow2.core;

import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PositionSlot;
import java.io.IOException;
import java.util.Optional;

/**
 * Whether the image is clean, and what its position slots say.
 *
 * <p><b>Clean</b> means that refcounts equal references. It falls, durably, before the first change
 * that could end that (I-16), in the position slot and in the standard dirty bit, so that QEMU too
 * repairs the image before it writes. It rises when nothing is set aside and nothing pending.
 */
final class Condition {

  private final ImageCore core;
  private final Optional<Slots> slots;
  private Optional<PositionSlot.Window> window = Optional.empty();
  private boolean clean;
  private long fellAtSync = -1;

  Condition(ImageCore core, Optional<Slots> slots) {
    this.core = core;
    this.slots = slots;
    this.clean =
        !core.header().features().isDirty()
            && slots.map(each -> each.durable().clean()).orElse(true);
  }

  Optional<Slots> slots() {
    return slots;
  }

  boolean isClean() {
    return clean;
  }

  /**
   * Writes that the image is not clean any more; the caller syncs before its change. Slot and dirty
   * bit are two sectors: a power cut may have kept the word of one of them only.
   */
  void announceChange() throws IOException {
    if (!clean && saysDirty()) {
      return;
    }
    if (slots.isPresent() && core.disk().syncs() == 0) {
      core.sync(); // a killed process may have left the newest slot unsynced (I-12)
    }
    clean = false;
    fellAtSync = core.disk().syncs();
    setDirtyBit(true);
    if (slots.isPresent()) {
      writeSlot(slots.get().written().payload());
    }
  }

  /** Writes which span a window comes from; the caller syncs before its change. */
  void announceWindow(long first, long end) throws IOException {
    announceChange();
    if (slots.isPresent()) {
      long generation = slots.get().nextGeneration();
      window = Optional.of(new PositionSlot.Window(generation, first, end - first));
      writeSlot(slots.get().written().payload());
    }
  }

  /** Clean falls, durably, unless it has. */
  void fall() throws IOException {
    announceChange();
    if (fellAtSync == core.disk().syncs()) {
      core.sync();
    }
  }

  /** Refcounts equal references again: says so, durably. */
  void rise(Optional<byte[]> payload) throws IOException {
    if (!core.isSound()) {
      markCorrupt();
      return;
    }
    if (!core.isExact() || core.hasUnsynced()) {
      throw new IllegalStateException("the image is not exact");
    }
    if (core.hasQuarantined()) {
      core.sync();
      return; // a leak: the next open, finding the image unclean, recounts
    }
    clean = true;
    windowClosed();
    if (core.header().features().isDirty()) {
      setDirtyBit(false);
    }
    if (payload.isPresent()) {
      writeSlot(payload.get());
    }
    core.sync();
  }

  /**
   * Keeps every program from writing until somebody has looked into it. A replica says itself why
   * it stopped, and is looked at as it was.
   */
  private void markCorrupt() throws IOException {
    Header header = core.header();
    if (header.hasFeatures() && slots.isEmpty()) {
      core.submitHeader(header.withFeatures(header.features().withCorrupt(true)));
    }
    core.syncWritten();
  }

  /** Version 2 has no such bit: what a crash leaks there, only a check finds. */
  private void setDirtyBit(boolean dirty) throws IOException {
    Header header = core.header();
    if (header.hasFeatures()) {
      core.submitHeader(header.withFeatures(header.features().withDirty(dirty)));
    }
  }

  private boolean saysDirty() {
    return core.header().features().isDirty() || !core.header().hasFeatures();
  }

  void windowClosed() {
    window = Optional.empty();
  }

  /** Writes a slot as things are; durable with the next sync. */
  void writeSlot(byte[] payload) throws IOException {
    slots.orElseThrow().write(clean, window, payload);
  }

  void synced() {
    slots.ifPresent(Slots::synced);
  }
}
