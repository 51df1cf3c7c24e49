package dev.drover.qcow2.core;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.SnapshotEntry;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The zero flags of table entries, which version 2 does not have. An entry with the flag and
 * without a cluster can be emptied where no backing disk shows through, whoever shares its table;
 * in the active table anything else can be written as zeroes first, in a snapshot's it cannot.
 */
final class ZeroFlags {

  private final ImageCore core;
  private final List<SnapshotEntry> snapshots;

  ZeroFlags(ImageCore core, List<SnapshotEntry> snapshots) {
    this.core = core;
    this.snapshots = snapshots;
  }

  /**
   * Refuses an image that version 2 cannot say; changes nothing.
   *
   * @param size that the disk will have
   * @throws Qcow2Exception UNSUPPORTED
   */
  void requireExpandable(long size) throws IOException {
    boolean zstd = core.header().compression() != Compression.ZLIB;
    visit(
        core.mapping().l1(),
        (_, entry) -> {
          if (zstd && entry.isCompressed()) {
            throw unsupported("clusters compressed with zstd");
          }
        });
    for (SnapshotEntry snapshot : snapshots) {
      if (snapshot.vmStateBytes() > 0xFFFF_FFFFL
          || !snapshot.virtualSize().equals(OptionalLong.of(size))) {
        throw unsupported(
            "snapshot %s, of another size than the disk or with a VM state of 4 GiB"
                .formatted(snapshot.nameText()));
      }
      core.pointers().snapshotL1(snapshot.l1());
      visit(
          core.mapping().readL1(snapshot.l1()),
          (_, entry) -> {
            if (zstd && entry.isCompressed()) {
              throw unsupported("clusters compressed with zstd");
            }
            if (isFlagged(entry) && (entry.hasCluster() || core.isBacked())) {
              throw unsupported(
                  "zero clusters in snapshot %s that hide a backing file or keep their space"
                      .formatted(snapshot.nameText()));
            }
          });
    }
  }

  private Qcow2Exception unsupported(String what) {
    return new Qcow2Exception(
        Code.UNSUPPORTED,
        core.disk().name(),
        "not supported: compat=0.10 with " + what,
        "copy it into a new image with: image convert -o compat=0.10");
  }

  private static boolean isFlagged(L2Entry entry) {
    return !entry.isCompressed() && entry.zero() != 0;
  }

  @FunctionalInterface
  private interface Visitor {
    void entry(int index, L2Entry entry) throws IOException;
  }

  private void visit(long[] l1, Visitor visitor) throws IOException {
    for (long entry : l1) {
      TablePart table = core.mapping().copy(entry);
      for (int i = 0; table != null && i < table.to(); i++) {
        visitor.entry(i, table.get(i));
      }
    }
  }

  /** Empties what has a flag and no cluster, in every table, durably. */
  void clear() throws IOException {
    Set<Long> done = new HashSet<>();
    clear(core.mapping().l1(), done);
    for (SnapshotEntry snapshot : snapshots) {
      clear(core.mapping().readL1(snapshot.l1()), done);
    }
    core.sync();
  }

  private void clear(long[] l1, Set<Long> done) throws IOException {
    for (long entry : l1) {
      if (L1Entry.offset(entry) != 0 && done.add(L1Entry.offset(entry))) {
        clearTable(entry);
      }
    }
  }

  private void clearTable(long l1Entry) throws IOException {
    core.writeLock().lock();
    try {
      TablePart table = core.mapping().copy(l1Entry);
      boolean changed = false;
      for (int i = 0; i < table.to(); i++) {
        L2Entry entry = table.get(i);
        if (isFlagged(entry) && !entry.hasCluster()) {
          table.set(i, L2Entry.HOLE);
          changed = true;
        }
      }
      if (changed) {
        core.mapping().write(table);
      }
    } finally {
      core.writeLock().unlock();
    }
    core.boundUnsynced();
  }
}
