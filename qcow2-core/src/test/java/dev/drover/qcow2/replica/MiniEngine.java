package dev.drover.qcow2.replica;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * The smallest apply engine that keeps the contract: one operation a batch, its position in the
 * payload, give back and repeat after a failure, recover after a cut.
 */
final class MiniEngine {

  /** What a journal can ask for. */
  sealed interface Op {
    /** Changes that are one batch. */
    record Change(List<GuestChange> changes) implements Op {}

    record Snapshot() implements Op {}

    /** The engine goes idle. */
    record Settle() implements Op {}
  }

  static final int CLUSTER = 4096;
  static final long TABLE_SPAN = 2L << 20;

  private final ReplicaImage image;
  private final List<Op> journal;
  private final int gate;
  private int applied;
  private int minRecovery;
  private boolean releaseDue;

  private MiniEngine(ReplicaImage image, List<Op> journal, byte[] payload) {
    this.image = image;
    this.journal = journal;
    this.applied = payload[0];
    this.gate = payload[1];
    this.minRecovery = payload[1];
  }

  static byte[] payload(int applied, int minRecovery) {
    return new byte[] {(byte) applied, (byte) minRecovery};
  }

  /** Without punching, a freed cluster keeps its bytes: who takes it for zero is found out. */
  static ReplicaOptions options(boolean punch) {
    return new ReplicaOptions(3L * CLUSTER, 2L * CLUSTER, 2L * CLUSTER, punch);
  }

  /** Opens, recovers and promises; a failure in here means: open again. */
  static MiniEngine start(BlockFile file, List<Op> journal, boolean punch) throws IOException {
    ReplicaImage image = ReplicaImage.open(file, options(punch));
    byte[] payload = image.slot().payload();
    RecoveryReport report = image.recover();
    if (report.needsGiveBack()) {
      image.giveBack(payload);
      ImageJudge.exact(file);
    }
    MiniEngine engine = new MiniEngine(image, journal, payload);
    image.commit(engine.promise(engine.applied));
    return engine;
  }

  /** The slot that goes with the next operation promises one more, so no extra sync is needed. */
  private byte[] promise(int durable) {
    minRecovery = Math.max(minRecovery, Math.min(durable + 2, journal.size()));
    return payload(durable, minRecovery);
  }

  /** Below the gate the image is at no point of the journal: nobody may read it. */
  boolean isPastGate() {
    return applied >= gate;
  }

  ReplicaImage image() {
    return image;
  }

  int applied() {
    return applied;
  }

  boolean isAtEnd() {
    return applied == journal.size() && !releaseDue;
  }

  /** One operation; after a throw {@link #mend} and call it again. */
  void step() throws IOException {
    if (releaseDue) {
      image.release();
      releaseDue = false;
      return;
    }
    switch (journal.get(applied)) {
      case Op.Change(List<GuestChange> changes) -> {
        Batch batch = image.begin(changes);
        batch.allocate();
        batch.writeData();
        batch.barrier();
        batch.link();
        image.commit(promise(applied));
        releaseDue = true;
      }
      case Op.Snapshot() -> {
        image.settle(payload(applied, applied));
        image.createSnapshot(snapshot(applied));
        image.settle(payload(applied + 1, applied + 1));
        image.commit(promise(applied + 1));
      }
      case Op.Settle() -> {
        image.settle(payload(applied + 1, applied + 1));
        image.commit(promise(applied + 1));
      }
    }
    applied++;
  }

  /** What the contract asks for after a failed step. */
  void mend() throws IOException {
    image.giveBack(payload(applied, minRecovery));
  }

  void stop() throws IOException {
    image.settle(payload(journal.size(), journal.size()));
  }

  void runToEnd() throws IOException {
    while (!isAtEnd()) {
      step();
    }
    stop();
  }

  static SnapshotSpec snapshot(int at) {
    return new SnapshotSpec(
        new UUID(1, at), "s" + at, Instant.ofEpochSecond(1000 + at), new byte[] {(byte) at});
  }

  // ---- changes and the model of them ----

  static GuestChange write(long offset, int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return new GuestChange.Write(new GuestOffset(offset), ByteBuffer.wrap(bytes));
  }

  static GuestChange zero(long offset, long length, boolean keep) {
    return new GuestChange.Zero(new GuestOffset(offset), length, keep);
  }

  /** The parts of the disk that journals touch; comparing the rest would only cost time. */
  record Region(long start, int length) {}

  static List<Region> regions(long diskBytes) {
    return List.of(
        new Region(0, 5 * CLUSTER),
        new Region(TABLE_SPAN - 2 * CLUSTER, 4 * CLUSTER),
        new Region(diskBytes - CLUSTER, CLUSTER));
  }

  /** The regions of the disk after the first {@code count} operations. */
  static byte[] model(long diskBytes, List<Op> journal, int count) {
    byte[] model = new byte[regions(diskBytes).stream().mapToInt(Region::length).sum()];
    for (Op op : journal.subList(0, count)) {
      if (op instanceof Op.Change(List<GuestChange> changes)) {
        for (GuestChange change : changes) {
          int at = 0;
          for (Region region : regions(diskBytes)) {
            apply(model, at, region, change);
            at += region.length();
          }
        }
      }
    }
    return model;
  }

  private static void apply(byte[] model, int at, Region region, GuestChange change) {
    long from = Math.max(change.offset().bytes(), region.start());
    long to = Math.min(change.end(), region.start() + region.length());
    if (from >= to) {
      return;
    }
    int first = at + (int) (from - region.start());
    int length = (int) (to - from);
    switch (change) {
      case GuestChange.Write write -> {
        int source = (int) (from - write.offset().bytes());
        write.data().get(write.data().position() + source, model, first, length);
      }
      case GuestChange.Zero _ -> Arrays.fill(model, first, first + length, (byte) 0);
    }
  }

  /** The regions of a disk as it is. */
  static byte[] content(GuestDisk disk) throws IOException {
    List<Region> regions = regions(disk.virtualSizeBytes());
    ByteBuffer all = ByteBuffer.allocate(regions.stream().mapToInt(Region::length).sum());
    for (Region region : regions) {
      ByteBuffer part = all.slice(all.position(), region.length());
      disk.read(new GuestOffset(region.start()), part);
      all.position(all.position() + region.length());
    }
    return all.array();
  }
}
