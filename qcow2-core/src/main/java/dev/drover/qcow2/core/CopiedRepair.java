package dev.drover.qcow2.core;

import dev.drover.qcow2.check.CopiedFlags;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Sets the COPIED flags of the active tables to what refcounts say. The refcounts must be durable:
 * a cluster must never look unshared before it is.
 */
final class CopiedRepair {

  private static final int RUN_BYTES = 1 << 16;

  private final ImageCore core;

  /** Neighbouring entries, gathered into one write. */
  private final ByteBuffer run;

  private long runAt;

  private CopiedRepair(ImageCore core) {
    this.core = core;
    this.run = ByteBuffer.allocate(Math.min(RUN_BYTES, 4 * core.geometry().clusterSize()));
  }

  static void run(ImageCore core, CopiedFlags.Refcounts refcounts) throws IOException {
    CopiedRepair repair = new CopiedRepair(core);
    core.writeLock().lock();
    try {
      CopiedFlags.check(
          new DiskView(core.disk()),
          core.header(),
          refcounts,
          (at, corrected, _, _) -> repair.correct(at.bytes(), corrected));
    } finally {
      try {
        repair.submit(); // also after a failure: memory has these already
      } finally {
        core.writeLock().unlock();
      }
    }
    core.sync();
  }

  private void correct(long at, long[] entry) throws IOException {
    if (run.position() > 0 && runAt + run.position() != at
        || run.remaining() < Long.BYTES * entry.length) {
      submit();
      core.boundUnsynced();
    }
    if (run.position() == 0) {
      runAt = at;
    }
    core.mapping().correct(at, entry);
    for (long word : entry) {
      run.putLong(word);
    }
  }

  private void submit() throws IOException {
    if (run.position() > 0) {
      ByteBuffer entries = ByteBuffer.wrap(run.array().clone(), 0, run.position());
      run.clear();
      core.disk().writeTable(runAt, entries);
    }
  }
}
