package dev.drover.qcow2;

import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.core.ImageLocks;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.InterleavedBlockFile;
import dev.drover.qcow2.sim.Interleaving;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.List;

/**
 * Requesters on one image, on a disk that fails and forgets, in an order that a {@link
 * Interleaving.Choice} decides: run once, judged once.
 */
final class RequestRig {

  static final int CLUSTER = 1024;

  /** Sectors under one L2 table. */
  static final int TABLE = CLUSTER / 8 * (CLUSTER / Request.SECTOR);

  /** One table, three clusters, and a sector of a fourth. */
  static final int DISK = TABLE + 7;

  /** What the disk may grow to. */
  static final int MOST = 2 * TABLE + 2;

  /** So small that caches overflow and windows end. */
  static final CoreOptions BOUNDS =
      new CoreOptions(3 * CLUSTER, 2 * CLUSTER, 2 * CLUSTER, PassDiscard.ALL, false);

  private final CrashingBlockFile disk;
  private final FailingBlockFile file;
  private final Interleaving threads;
  private final Qcow2Image image;
  private final RequestHistory history;
  private boolean powerIsGone;

  RequestRig(MemoryBlockFile base, Interleaving.Choice choice) throws IOException {
    disk = CrashingBlockFile.of(base.copy());
    file = new FailingBlockFile(disk);
    threads = new Interleaving(choice);
    ImageLocks locks = new ImageLocks(threads.lock(), threads.readWriteLock());
    BlockFile seen = new InterleavedBlockFile(file, threads);
    image = Qcow2Image.open(seen, false, BackingOpener.REFUSE, BOUNDS, locks);
    history = RequestHistory.of(image, MOST);
  }

  /** Fails the n-th I/O from now on, once. */
  RequestRig failAt(long n, Failure how) {
    file.failAt(n, how);
    return this;
  }

  /** The power goes before the n-th I/O from now on. */
  RequestRig cutAt(long n) {
    file.failFrom(n, Failure.EIO);
    powerIsGone = true;
    return this;
  }

  /** I/Os so far. */
  long ios() {
    return file.ios();
  }

  /** Runs each program on a thread of its own to its end, or until the power goes. */
  RequestRig run(List<List<Request>> programs) throws Exception {
    for (List<Request> program : programs) {
      threads.fork(program.toString(), () -> run(program, programs));
    }
    threads.run();
    return this;
  }

  private void run(List<Request> program, List<List<Request>> all) {
    for (Request request : program) {
      try {
        request.call(image, history);
      } catch (IOException e) {
        if (powerIsGone) {
          return;
        }
      }
    }
  }

  /** Without a power cut: what is read now, and what a close leaves durable. */
  void judgeClosed() throws IOException {
    file.heal();
    judgeContent(image);
    image.close();
    MemoryBlockFile left = disk.crash(Survival.NOTHING);
    ImageJudge.settled(left);
    try (Qcow2Image reopened = Qcow2Image.open(left, true)) {
      // Not what was read before: after a failed sync a flush takes back what a failed call left.
      judgeContent(reopened);
      judgeSnapshots(reopened);
    }
  }

  private void judgeContent(Qcow2Image of) throws IOException {
    long begun = history.now();
    long[] content = Request.content(of);
    long ended = history.now();
    history.judge(content, 0, begun, ended);
    requireSize(history.allows(MOST, content.length, begun, ended), content.length);
  }

  /** With a power cut: one of the states that it may leave. */
  void judgeCut(Survival survival) throws IOException {
    MemoryBlockFile left = disk.crash(survival);
    ImageJudge.neverUndercounted(left);
    open(left).close();
    ImageJudge.settled(left);
    MemoryBlockFile once = left.copy();
    try (Qcow2Image recovered = open(left)) {
      long[] content = Request.content(recovered);
      for (int sector = 0; sector < content.length; sector++) {
        if (!history.survives(sector, content[sector])) {
          throw new AssertionError(
              "sector %d is %x after the cut: %s"
                  .formatted(sector, content[sector], history.of(sector)));
        }
      }
      requireSize(history.survives(MOST, content.length), content.length);
      judgeSnapshots(recovered);
    }
    if (!left.sameContent(once)) {
      throw new AssertionError("a second recovery changes something");
    }
  }

  private static Qcow2Image open(BlockFile file) throws IOException {
    return Qcow2Image.open(file, false, BackingOpener.REFUSE, BOUNDS);
  }

  private void requireSize(boolean allowed, int sectors) {
    if (!allowed) {
      throw new AssertionError("a size of " + sectors + " sectors: " + history.of(MOST));
    }
  }

  private void judgeSnapshots(Qcow2Image of) throws IOException {
    for (String name : history.snapshots()) {
      try (Qcow2Image view = of.openSnapshot(name)) {
        history.seen(name, Request.content(view));
      }
    }
  }
}
