package dev.drover.applier;

import static dev.drover.applier.EngineRig.SIZE;
import static dev.drover.applier.EngineRig.durableState;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.replica.ReplicaImage;
import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Holds an engine's image, and what it told Kafka, against what the journal says. */
final class EngineVerdict {

  private EngineVerdict() {}

  static void hold(String invariant, boolean holds, String what) {
    if (!holds) {
      throw new InvariantViolation(invariant, what);
    }
  }

  /** What a power cut has left, before anybody opens it. */
  static void afterCut(EngineRig rig, String what) throws IOException {
    ImageJudge.neverUndercounted(rig.disk());
    promiseHeld(rig, what);
  }

  /**
   * I-31: beyond applied, only intents below minRecovery have left anything in the image; and no
   * promise reaches over what stands alone, or over the end of a batch (I-32).
   */
  static void promiseHeld(EngineRig rig, String what) throws IOException {
    try (ReplicaImage left = ReplicaImage.open(rig.disk())) {
      ReplicaState state = ReplicaState.decode(left.slot().payload());
      List<JournalEntry> promised =
          JournalModel.entries(rig.journal).stream()
              .filter(entry -> entry.offset() >= state.applied().nextOffset())
              .filter(entry -> entry.offset() < state.minRecovery().nextOffset())
              .filter(JournalEntry::valid)
              .toList();
      boundariesHeld(promised, state.minRecovery().nextOffset(), what);
      snapshotsPromised(rig, left, state.applied().nextOffset(), promised, what);
      if (promised.stream().anyMatch(EngineVerdict::changesTheWhole)) {
        return; // a revert or resize that may be there or not changes any byte
      }
      byte[] guest = content(left);
      byte[] expected = rig.model(state.applied().nextOffset());
      promised.forEach(entry -> takeAsIs(entry.record().intent(), guest, expected));
      int at = Arrays.mismatch(expected, guest);
      hold("I-31", at < 0, what + ": effects beyond the promise, at " + at);
    }
  }

  private static void boundariesHeld(List<JournalEntry> promised, long end, String what) {
    for (JournalEntry entry : promised) {
      boolean last = entry.offset() == end - 1;
      switch (entry.record().intent()) {
        case Intent.Write _, Intent.Zero _, Intent.Flush _, Intent.Heartbeat _ -> {}
        case Intent.Mark _, Intent.Epoch _ ->
            hold("I-32", last, what + ": a promise crosses " + entry.offset());
        case Intent.SnapshotCreate _,
            Intent.SnapshotDelete _,
            Intent.SnapshotRevert _,
            Intent.Resize _ ->
            hold("I-32", promised.size() == 1, what + ": not alone: " + entry.offset());
      }
    }
  }

  /** Only what is promised is there before it is counted, or gone. */
  private static void snapshotsPromised(
      EngineRig rig, ReplicaImage left, long applied, List<JournalEntry> promised, String what) {
    Set<UUID> differ = new HashSet<>(ids(left));
    Set<UUID> counted =
        JournalModel.snapshots(JournalModel.entries(rig.journal), applied, SIZE).keySet();
    for (UUID id : counted) {
      if (!differ.remove(id)) {
        differ.add(id);
      }
    }
    for (JournalEntry entry : promised) {
      switch (entry.record().intent()) {
        case Intent.SnapshotCreate create -> differ.remove(create.id());
        case Intent.SnapshotDelete delete -> differ.remove(delete.id());
        default -> {}
      }
    }
    hold("I-31", differ.isEmpty(), what + ": snapshots beyond the promise: " + differ);
  }

  private static Set<UUID> ids(ReplicaImage image) {
    Set<UUID> ids = new HashSet<>();
    image.snapshots().forEach(info -> info.uuid().ifPresent(ids::add));
    return ids;
  }

  private static boolean changesTheWhole(JournalEntry entry) {
    Intent intent = entry.record().intent();
    return intent instanceof Intent.SnapshotRevert || intent instanceof Intent.Resize;
  }

  private static void takeAsIs(Intent intent, byte[] from, byte[] to) {
    if (intent instanceof Intent.Write write) {
      int at = (int) write.guestOffset();
      System.arraycopy(from, at, to, at, write.length());
    } else if (intent instanceof Intent.Zero zero) {
      int at = (int) zero.guestOffset();
      System.arraycopy(from, at, to, at, (int) zero.length());
    }
  }

  static byte[] content(GuestDisk disk) throws IOException {
    ByteBuffer guest = ByteBuffer.allocate((int) disk.virtualSizeBytes());
    disk.read(GuestOffset.ZERO, guest);
    return guest.array();
  }

  /**
   * I-51: past its gate the image is exactly the journal up to what is visible, and a part of the
   * next entry if that is a ZERO of more clusters than a batch may touch.
   */
  static void atAPoint(EngineRig rig, String what) throws IOException {
    long visible = rig.engine().visibleOffset();
    if (visible < rig.engine().gateOffset()) {
      return;
    }
    byte[] expected = rig.model(visible);
    byte[] guest = content(rig.image());
    JournalModel.entries(rig.journal).stream()
        .filter(entry -> entry.offset() == visible)
        .map(entry -> entry.record().intent())
        .filter(Intent.Zero.class::isInstance)
        .forEach(zero -> takeAsIs(zero, guest, expected));
    same("I-51", expected, guest, what + ": the disk at " + visible);
  }

  private static void same(String invariant, byte[] expected, byte[] actual, String what) {
    int at = Arrays.mismatch(expected, actual);
    hold(invariant, at < 0, what + " differs at " + at);
  }

  /** Everything applied, counted, settled: content, refcounts, position and group offset agree. */
  static void complete(EngineRig rig, String what) throws IOException {
    long end = Math.min(rig.until, rig.journal.end());
    long durable = rig.engine().durableApplied().nextOffset();
    hold("I-55", durable == end, "%s: applied %d of %d".formatted(what, durable, end));
    long slot = durableState(rig.disk()).applied().nextOffset();
    hold("I-36", slot == end, "%s: the slot says %d, not %d".formatted(what, slot, end));
    long told = rig.log.groupOffset();
    hold("I-55", told == end, "%s: the group offset is %d, not %d".formatted(what, told, end));
    same("I-51", rig.model(end), content(rig.image()), what + ": the disk");
    ImageJudge.settled(rig.disk());
    snapshots(rig, end, what);
    for (Compensation compensation : rig.log.all()) {
      hold("I-34", isDone(compensation), what + ": left open: " + compensation);
    }
  }

  private static boolean isDone(Compensation compensation) {
    return compensation.state() == Compensation.State.DONE;
  }

  private static void snapshots(EngineRig rig, long end, String what) throws IOException {
    Map<UUID, byte[]> expected =
        JournalModel.snapshots(JournalModel.entries(rig.journal), end, SIZE);
    Map<UUID, SnapshotInfo> there = new HashMap<>();
    rig.image().snapshots().forEach(info -> info.uuid().ifPresent(id -> there.put(id, info)));
    hold("I-15", there.keySet().equals(expected.keySet()), what + ": snapshots " + there);
    if (expected.isEmpty()) {
      return;
    }
    Qcow2Image plain = Qcow2Image.open(rig.disk(), true);
    for (Map.Entry<UUID, byte[]> each : expected.entrySet()) {
      SnapshotInfo info = there.get(each.getKey());
      same("I-15", each.getValue(), content(plain.openSnapshot(info.id())), what + ": " + info);
    }
  }

  /** Which clusters a record lists, by number. */
  static Set<Long> clusters(Compensation compensation) {
    Set<Long> clusters = new HashSet<>();
    compensation
        .clusters()
        .forEach(
            extent -> {
              long first = extent.start().bytes() / compensation.clusterBytes();
              for (long i = 0; i < extent.clusters(); i++) {
                clusters.add(first + i);
              }
            });
    return clusters;
  }
}
