package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.ImageJudge;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Fails each I/O of a sequence once, from opening to closing, in each way in which an I/O of its
 * kind can fail. A fault point is (sequence, I/O, way, what the caller does then): it either tries
 * again until it works, or closes at once, or is killed, with everything or nothing unsynced
 * surviving.
 */
final class FaultExplorer {

  /** What the caller does about the error. */
  private enum Then {
    RETRY,
    CLOSE,
    KILLED
  }

  private final Scene scene;
  private final Tally tally;

  FaultExplorer(Scene scene, Tally tally) {
    this.scene = scene;
    this.tally = tally;
  }

  /** Visits every fault point of this word. */
  void explore(String word) throws IOException {
    List<Operation> operations = scene.alphabet().operations(word + ".");
    Disks untouched = Disks.of(scene.base());
    FailingBlockFile trial = new FailingBlockFile(untouched.image());
    Qcow2Image image = scene.open(trial, untouched.data().map(trial::beside));
    Expected expected = new Expected(scene.start());
    List<Long> begins = new ArrayList<>();
    for (Operation operation : operations) {
      begins.add(trial.ios());
      DiskModel before = expected.last();
      expected.begun(operation);
      operation.run(image, before);
      expected.done(operation);
    }
    long lastBegins = begins.get(begins.size() - 2);
    List<Io> trace = trial.trace();
    for (int n = 1; n <= trace.size(); n++) {
      for (Failure how : waysToFail(trace.get(n - 1).kind())) {
        for (Then then : Then.values()) {
          boolean shownByShorter = then != Then.RETRY && n <= lastBegins;
          if (!shownByShorter && !(then == Then.KILLED && endsShort(how))) {
            boolean mixes = endsShort(how) || mixes(trace.get(n - 1), n, operations, begins);
            failOnce(operations, word, n, how, then, mixes);
          }
        }
      }
    }
  }

  private static Set<Failure> waysToFail(Kind kind) {
    return switch (kind) {
      case READ -> Set.of(Failure.EIO);
      case WRITE ->
          Set.of(
              Failure.EIO,
              Failure.ENOSPC,
              Failure.SHORT_WRITE,
              Failure.SHORT_WRITE_ENOSPC,
              Failure.EIO_AFTER);
      case SET_LENGTH, SYNC -> Set.of(Failure.EIO, Failure.ENOSPC, Failure.EIO_AFTER);
      case PUNCH -> Set.of(Failure.EIO, Failure.EIO_AFTER);
    };
  }

  /** Who dies between half a pointer and the rest of it leaves corruption: docs/crash-table.md. */
  private static boolean endsShort(Failure how) {
    return how == Failure.SHORT_WRITE || how == Failure.SHORT_WRITE_ENOSPC;
  }

  /**
   * Whether an answered write may be written again, because the sync that fails may have dropped
   * it, over what the operation that fails with it has put in place in a part of a sector.
   */
  private static boolean mixes(Io io, int n, List<Operation> operations, List<Long> begins) {
    int failing = (int) begins.stream().filter(begin -> begin < n).count() - 1;
    return io.kind() == Kind.SYNC
        && failing >= 0
        && operations.get(failing) instanceof Operation.Ranged failed
        && operations.subList(0, failing).stream()
            .anyMatch(
                each ->
                    each instanceof Operation.Ranged answered
                        && failed.coversPartOfASectorOf(answered));
  }

  /**
   * @param mixes whether bytes of the failed operation may stand beside older ones in a sector:
   *     where a write ended within it, and where {@link #mixes} says so
   */
  private void failOnce(
      List<Operation> operations, String word, int n, Failure how, Then then, boolean mixes) {
    try {
      Disks disks = Disks.of(scene.base());
      FailingBlockFile file = new FailingBlockFile(disks.image()).failAt(n, how);
      Expected expected = new Expected(scene.start());
      Runnable onError = mixes ? expected::mixed : () -> {};
      switch (then) {
        case RETRY -> retried(operations, file, disks, expected, onError);
        case CLOSE, KILLED ->
            abandoned(operations, file, disks, expected, onError, then == Then.CLOSE);
      }
      tally.fault();
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(
          "sequence %s, I/O %d, %s, then %s: %s".formatted(word, n, how, then, e.getMessage()), e);
    }
  }

  private void retried(
      List<Operation> operations,
      FailingBlockFile file,
      Disks disks,
      Expected expected,
      Runnable onError)
      throws IOException {
    Qcow2Image image = null;
    for (Operation operation : operations) {
      DiskModel before = expected.last();
      expected.begun(operation);
      for (boolean done = false; !done; ) {
        try {
          image = image == null ? scene.open(file, disks.data().map(file::beside)) : image;
          operation.run(image, before);
          expected.done(operation);
          done = true;
        } catch (IOException e) {
          onError.run();
          if (operation instanceof Operation.Close && image != null) {
            settles(disks.crash(Survival.NOTHING), expected); // a file is closed once
            return;
          }
          if (image != null) {
            expected.check(image, scene.watched());
          }
        }
      }
    }
    Stored durable = disks.crash(Survival.NOTHING);
    ImageJudge.settledByCheck(durable.image());
    settles(durable, expected);
  }

  /** The last operation fails, or the closing does, and nobody tries again. */
  private void abandoned(
      List<Operation> operations,
      FailingBlockFile file,
      Disks disks,
      Expected expected,
      Runnable onError,
      boolean closes)
      throws IOException {
    Qcow2Image image = scene.open(file, disks.data().map(file::beside));
    boolean closed = false;
    for (Operation operation : operations) {
      DiskModel before = expected.last();
      closed = operation instanceof Operation.Close;
      expected.begun(operation);
      try {
        operation.run(image, before);
      } catch (IOException e) {
        onError.run();
        break;
      }
      expected.done(operation);
    }
    if (closes && !closed) {
      expected.check(image, scene.watched());
      image.close();
      expected.flushed();
      ImageJudge.settledByCheck(disks.crash(Survival.NOTHING).image());
    }
    settles(disks.crash(Survival.NOTHING), expected);
    settles(disks.crash(Survival.EVERYTHING), expected);
  }

  /** The next program to open it finds, or makes, all of it right. */
  private void settles(Stored files, Expected expected) throws IOException {
    try (Qcow2Image image = scene.open(files)) {
      expected.check(image, scene.watched());
      scene.requireRawData(image, files);
    }
    ImageJudge.settledByCheck(files.image());
  }
}
