package dev.drover.qcow2.replica;

import static dev.drover.qcow2.replica.Journals.DISK;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.replica.MiniEngine.Op;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** Holds a replica against what its journal says it must contain. */
final class ReplicaVerdict {

  private ReplicaVerdict() {}

  /** Stopped: exact, clean, at the journal's end, with its content and its snapshots. */
  static void atRest(MemoryBlockFile file, List<Op> journal) throws IOException {
    ImageJudge.settled(file);
    ReplicaImage image = ReplicaImage.open(file);
    if (!image.recover().wasClean() || image.slot().payload()[0] != journal.size()) {
      throw new AssertionError("stopped, but not clean at the end: " + image.slot());
    }
    same(MiniEngine.model(DISK, journal, journal.size()), MiniEngine.content(image), "the disk");
    int snapshots = 0;
    for (int i = 0; i < journal.size(); i++) {
      if (journal.get(i) instanceof Op.Snapshot) {
        snapshots++;
        Qcow2Image plain = Qcow2Image.open(file, true);
        byte[] kept = MiniEngine.content(plain.openSnapshot("s" + i));
        same(MiniEngine.model(DISK, journal, i), kept, "snapshot s" + i);
      }
    }
    if (image.snapshots().size() != snapshots) {
      throw new AssertionError(image.snapshots().size() + " snapshots, not " + snapshots);
    }
  }

  private static void same(byte[] expected, byte[] actual, String what) {
    int at = Arrays.mismatch(expected, actual);
    if (at >= 0) {
      throw new AssertionError(
          what + " differs at " + at + ": " + actual[at] + ", not " + expected[at]);
    }
  }

  /** Between two tries: each byte is as before the operation or as after it. */
  static void oldOrNew(MiniEngine engine, List<Op> journal) throws IOException {
    if (!engine.isPastGate()) {
      return;
    }
    byte[] content = MiniEngine.content(engine.image());
    byte[] before = MiniEngine.model(DISK, journal, engine.applied());
    int next = Math.min(engine.applied() + 1, journal.size());
    byte[] after = MiniEngine.model(DISK, journal, next);
    for (int i = 0; i < content.length; i++) {
      if (content[i] != before[i] && content[i] != after[i]) {
        throw new AssertionError("byte " + i + " is neither old nor new");
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
    MiniEngine engine = MiniEngine.start(left, journal, punch);
    ImageJudge.exact(left);
    if (ReplicaImage.open(left.copy()).recover().needsGiveBack()) {
      throw new AssertionError("the second recovery found more");
    }
    while (!engine.isPastGate()) {
      engine.step();
    }
    byte[] model = MiniEngine.model(DISK, journal, engine.applied());
    same(model, MiniEngine.content(engine.image()), "the disk at the gate");
    engine.runToEnd();
    atRest(left, journal);
  }
}
