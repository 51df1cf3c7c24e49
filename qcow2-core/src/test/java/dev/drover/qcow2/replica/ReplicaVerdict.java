package dev.drover.qcow2.replica;

import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.InvariantViolation;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Holds a replica against what its journal says it must contain. */
final class ReplicaVerdict {

  private ReplicaVerdict() {}

  /** Stopped: exact, clean, at the journal's end, with its content and its snapshots. */
  static void atRest(MemoryBlockFile file, List<Op> journal) throws IOException {
    ImageJudge.settled(file);
    ReplicaImage image = ReplicaImage.open(file);
    if (!image.recover().wasClean() || image.slot().payload()[0] != journal.size()) {
      throw new InvariantViolation("I-16", "stopped, but not clean at the end: " + image.slot());
    }
    Model model = Model.after(journal, journal.size());
    same("I-51", model, image, "the disk");
    if (image.snapshots().size() != model.snapshots().size()) {
      throw new InvariantViolation("I-15", image.snapshots().size() + " snapshots");
    }
    for (Map.Entry<Integer, Model> kept : model.snapshots().entrySet()) {
      Qcow2Image plain = Qcow2Image.open(file, true);
      same(
          "I-15",
          kept.getValue(),
          plain.openSnapshot("s" + kept.getKey()),
          "snapshot " + kept.getKey());
    }
  }

  private static void same(String invariant, Model expected, GuestDisk disk, String what)
      throws IOException {
    if (disk.virtualSizeBytes() != expected.size()) {
      throw new InvariantViolation(invariant, what + " has " + disk.virtualSizeBytes() + " bytes");
    }
    byte[] actual = Model.read(disk);
    int at = Arrays.mismatch(expected.content(), actual);
    if (at >= 0) {
      throw new InvariantViolation(
          invariant,
          what + " differs at " + at + ": " + actual[at] + ", not " + expected.content()[at]);
    }
  }

  /** Between two tries: each byte is as before the operation or as after it. */
  static void oldOrNew(MiniEngine engine, List<Op> journal) throws IOException {
    if (!engine.isPastGate()) {
      return;
    }
    byte[] content = Model.read(engine.image());
    byte[] before = Model.after(journal, engine.applied()).content();
    int next = Math.min(engine.applied() + 1, journal.size());
    byte[] after = Model.after(journal, next).content();
    for (int i = 0; i < content.length; i++) {
      if (content[i] != before[i] && content[i] != after[i]) {
        throw new InvariantViolation("I-51", "byte " + i + " is neither old nor new");
      }
    }
  }

  /**
   * After a power cut: never an under-count; recovery makes it exact, and a second recovery finds
   * nothing more; replay from the image's own position is at a point of the journal once it has
   * passed the gate, and ends where the journal says.
   */
  static void afterCut(MemoryBlockFile left, List<Op> journal, boolean punch) throws IOException {
    ImageJudge.neverUndercounted(left);
    MiniEngine engine = recovered(left, journal, punch);
    ImageJudge.exact(left);
    if (ReplicaImage.open(left.copy()).recover().needsGiveBack()) {
      throw new InvariantViolation("I-52", "the second recovery found more");
    }
    while (!engine.isPastGate()) {
      engine.step();
    }
    same("I-51", Model.after(journal, engine.applied()), engine.image(), "the disk at the gate");
    engine.runToEnd();
    atRest(left, journal);
  }

  private static MiniEngine recovered(MemoryBlockFile left, List<Op> journal, boolean punch) {
    try {
      return MiniEngine.start(left, journal, punch);
    } catch (IOException | RuntimeException e) {
      throw new InvariantViolation("I-53", "what a cut left cannot be recovered", e);
    }
  }
}
