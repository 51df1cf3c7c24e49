package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.LongSet;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Cuts the power after every I/O of the <em>last</em> operation of a sequence: those of the ones
 * before it belong to shorter sequences. For the same reason a content that the shorter sequence
 * can leave at its end is none of this one's.
 */
final class CutExplorer {

  private final Scene scene;
  private final Judge judge;
  private final long seed;
  private final LongSet seen = new LongSet();

  CutExplorer(Scene scene, Judge judge, long seed) {
    this.scene = scene;
    this.judge = judge;
    this.seed = seed;
  }

  /** Visits every state of this word. */
  void explore(String word) throws IOException {
    List<Operation> operations = scene.alphabet().operations(word);
    Disks disks = Disks.of(scene.base());
    ObservedBlockFile file = new ObservedBlockFile(disks.image(), () -> {});
    Optional<ObservedBlockFile> data =
        disks.data().map(disk -> new ObservedBlockFile(disk, () -> {}));
    Expected expected = new Expected(scene.start());
    long drawn = seed ^ word.hashCode() * 0x9E3779B97F4A7C15L;
    Qcow2Image image = scene.open(file, data);
    for (Operation operation : operations.subList(0, operations.size() - 1)) {
      play(image, operation, expected);
    }
    seen.clear();
    disks.visit(seen, drawn, (_, _) -> {});
    ObservedBlockFile.Observer observer =
        () -> disks.visit(seen, drawn, (left, hash) -> judge.afterCut(left, hash, expected));
    file.observe(observer);
    data.ifPresent(each -> each.observe(observer));
    play(image, operations.getLast(), expected);
  }

  private static void play(Qcow2Image image, Operation operation, Expected expected)
      throws IOException {
    DiskModel before = expected.last();
    expected.begun(operation);
    operation.run(image, before);
    expected.done(operation);
  }
}
