package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.LongSet;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One long sequence from a seed: operations drawn from the whole alphabet, each I/O failing with a
 * small chance, failed operations tried again, and the power cut in looks at every few operations.
 */
final class RandomRun {

  private static final int OPERATIONS = 60;
  private static final int LOOK_EVERY = 6;
  private static final int FAIL_WITHIN_IOS = 60;

  /** A cut behind a write that ended within a pointer leaves corruption: docs/crash-table.md. */
  private static final List<Failure> WHOLE =
      List.of(Failure.EIO, Failure.ENOSPC, Failure.EIO_AFTER);

  private final Scene scene;
  private final Judge judge;
  private final Tally tally;
  private final SplittableRandom random;
  private final long seed;
  private final LongSet seen = new LongSet();

  RandomRun(Scene scene, Judge judge, Tally tally, long seed) {
    this.scene = scene;
    this.judge = judge;
    this.tally = tally;
    this.seed = seed;
    this.random = new SplittableRandom(seed);
  }

  void run() throws IOException {
    Disks disks = Disks.of(scene.base());
    FailingBlockFile file = new FailingBlockFile(disks.image());
    Expected expected = new Expected(scene.start());
    Qcow2Image image = scene.open(file, disks.data().map(file::beside));
    StringBuilder word = new StringBuilder();
    try {
      for (int i = 0; i < OPERATIONS; i++) {
        Operation operation = draw(i, expected.last(), word);
        play(image, file, operation, expected);
        if (i % LOOK_EVERY == LOOK_EVERY - 1) {
          disks.visit(seen, seed + i, (left, hash) -> judge.afterCut(left, hash, expected));
        }
      }
      image.close();
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError("random sequence " + word + ": " + e.getMessage(), e);
    }
    expected.done(new Operation.Close());
    ImageJudge.settled(disks.crash(CrashingBlockFile.Survival.NOTHING).image());
    tally.faults(file.failures());
  }

  private Operation draw(int place, DiskModel before, StringBuilder word) {
    while (true) {
      char letter = scene.letters().charAt(random.nextInt(scene.letters().length()));
      boolean many = letter == 's' && before.snapshots().size() > 3;
      Operation operation = scene.alphabet().operation(letter, place);
      if (!many && operation.applies(before)) {
        word.append(letter);
        return operation;
      }
    }
  }

  private void play(Qcow2Image image, FailingBlockFile file, Operation operation, Expected expected)
      throws IOException {
    DiskModel before = expected.last();
    file.failAt(1 + random.nextInt(FAIL_WITHIN_IOS), randomFailure());
    expected.begun(operation);
    while (true) {
      try {
        operation.run(image, before);
        break;
      } catch (IOException e) {
        file.heal();
        expected.check(image, scene.watched());
      }
    }
    file.heal();
    expected.done(operation);
  }

  private Failure randomFailure() {
    return WHOLE.get(random.nextInt(WHOLE.size()));
  }
}
