package dev.drover.qcow2.replica;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.PassDiscard;
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

    /** Of the snapshot that operation {@code which} took. */
    record Delete(int which) implements Op {}

    record Revert(int which) implements Op {}

    record Resize(long size) implements Op {}

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
    return new ReplicaOptions(
        3L * CLUSTER, 2L * CLUSTER, 2L * CLUSTER, punch ? PassDiscard.ALL : PassDiscard.NONE);
  }

  /** Opens, recovers and promises; a failure in here means: open again. */
  static MiniEngine start(BlockFile file, List<Op> journal, boolean punch) throws IOException {
    return start(file, journal, punch, false);
  }

  /** The same after a process that saw a failed sync, if {@code rewrite}. */
  static MiniEngine start(BlockFile file, List<Op> journal, boolean punch, boolean rewrite)
      throws IOException {
    ReplicaImage image = ReplicaImage.open(file, options(punch));
    if (rewrite) {
      image.rewriteMetadata();
    }
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
      case Op.Snapshot() -> structural(() -> image.createSnapshot(snapshot(applied)));
      case Op.Delete(int which) -> structural(() -> image.deleteSnapshot(uuid(which)));
      case Op.Revert(int which) -> structural(() -> image.revertSnapshot(uuid(which)));
      case Op.Resize(long size) -> structural(() -> image.resize(size));
      case Op.Settle() -> {
        image.settle(payload(applied + 1, applied + 1));
        image.commit(promise(applied + 1));
      }
    }
    applied++;
  }

  private interface Structural {
    void run() throws IOException;
  }

  /** A batch of its own: everything before is settled, its own position durable before more. */
  private void structural(Structural change) throws IOException {
    minRecovery = Math.max(minRecovery, applied + 1);
    image.settle(payload(applied, minRecovery));
    change.run();
    image.settle(payload(applied + 1, Math.max(minRecovery, applied + 1)));
    image.commit(promise(applied + 1));
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

  private static UUID uuid(int at) {
    return new UUID(1, at);
  }

  static SnapshotSpec snapshot(int at) {
    return new SnapshotSpec(
        uuid(at), "s" + at, Instant.ofEpochSecond(1000 + at), new byte[] {(byte) at});
  }

  static GuestChange write(long offset, int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return new GuestChange.Write(new GuestOffset(offset), ByteBuffer.wrap(bytes));
  }

  static GuestChange zero(long offset, long length, boolean keep) {
    return new GuestChange.Zero(new GuestOffset(offset), length, keep);
  }
}
