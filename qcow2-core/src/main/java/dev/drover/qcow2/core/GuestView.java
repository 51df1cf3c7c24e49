package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestExtent;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostExtent;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.SnapshotEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.locks.Lock;

/**
 * Content as one L1 table maps it: the active one, or a snapshot's as long as that exists. Holds
 * the image's read lock during its I/O. Any thread.
 */
public final class GuestView implements GuestDisk {

  private final ImageCore core;
  private final GuestReader reader;
  private final Lock lock;
  private final SnapshotEntry snapshot;
  private final long[] snapshotL1;

  /**
   * @param snapshot null for the active table
   */
  GuestView(
      ImageCore core, GuestReader reader, Lock lock, SnapshotEntry snapshot, long[] snapshotL1) {
    this.core = core;
    this.reader = reader;
    this.lock = lock;
    this.snapshot = snapshot;
    this.snapshotL1 = snapshotL1;
  }

  public boolean isSnapshot() {
    return snapshot != null;
  }

  @Override
  public long virtualSizeBytes() {
    return isSnapshot() ? snapshot.virtualSize().orElse(core.virtualSize()) : core.virtualSize();
  }

  private long[] l1() throws Qcow2Exception {
    if (!isSnapshot()) {
      return core.mapping().l1();
    }
    if (!core.structure().has(snapshot)) {
      throw new Qcow2Exception(
          Code.SNAPSHOT,
          core.disk().name(),
          "snapshot " + snapshot.nameText() + " was deleted while it was read",
          "read another one");
    }
    return snapshotL1;
  }

  @Override
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    lock.lock();
    try {
      Objects.checkFromIndexSize(offset.bytes(), destination.remaining(), virtualSizeBytes());
      reader.read(l1(), offset.bytes(), destination);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Iterator<GuestExtent> map(GuestOffset from) {
    return new ExtentIterator(
        core.geometry(), core.mapping(), this::l1, from.bytes(), virtualSizeBytes(), lock);
  }

  @Override
  public Iterator<HostExtent> hostExtents(GuestOffset from) {
    return new HostExtentIterator(core, this::l1, from.bytes(), virtualSizeBytes(), lock);
  }

  @Override
  public boolean holesAreZero() {
    return !core.isBacked();
  }

  /** Nothing to do: the image that it is a view of is closed by its owner. */
  @Override
  public void close() {}
}
