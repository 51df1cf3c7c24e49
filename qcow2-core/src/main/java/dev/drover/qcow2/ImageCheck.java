package dev.drover.qcow2;

import dev.drover.qcow2.check.CopiedFlags;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.check.Findings;
import dev.drover.qcow2.check.LeakRepair;
import dev.drover.qcow2.check.ReferenceCount;
import dev.drover.qcow2.check.StoredRefcounts;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * Checks an image like {@code qemu-img check}, by a walk of its own that shares no code with what
 * writes images. Nothing is written unless a repair is asked for.
 */
public final class ImageCheck {

  /** What may be repaired. */
  public enum Repair {
    NONE,
    /** Refcounts that are too high, and then COPIED flags if nothing else is wrong. */
    LEAKS
  }

  private final BlockFile file;
  private final Header header;
  private ReferenceCount counted;
  private Findings findings;
  private long wrongCopiedFlags;
  private long lastUsedCluster;

  private ImageCheck(BlockFile file) throws IOException {
    this.file = file;
    this.header = Header.read(file);
  }

  /**
   * Checks a file that nobody is writing to.
   *
   * @throws Qcow2Exception when the image can't be opened at all: its header or snapshot table
   */
  public static CheckReport check(BlockFile file, Repair repair) throws IOException {
    ImageCheck first = new ImageCheck(file);
    first.run();
    if (repair == Repair.NONE || !first.isRepairable()) {
      return first.report(0, 0);
    }
    new LeakRepair(file, first.header, first.counted).run();
    ImageCheck second = new ImageCheck(file);
    second.run();
    return second.report(
        first.count(Kind.CORRUPTION) - second.count(Kind.CORRUPTION),
        first.count(Kind.LEAK) - second.count(Kind.LEAK));
  }

  private void run() throws IOException {
    counted = ReferenceCount.of(file, header, SnapshotTable.read(file, header));
    findings = counted.findings();
    StoredRefcounts stored = new StoredRefcounts(file, header);
    stored.compare(counted, new Comparison());
    lastUsedCluster = Math.max(lastUsedCluster, counted.end() - 1);
    CopiedFlags.check(
        file,
        header,
        stored::get,
        (entryAt, corrected, refcount) -> {
          wrongCopiedFlags++;
          findings.add(
              Kind.CORRUPTION,
              entryAt.bytes(),
              "COPIED flag wrong for a refcount of "
                  + refcount
                  + ", should be %016x".formatted(corrected));
        });
  }

  /** Stored refcounts against counted references, within the file as qemu-img looks at it. */
  private final class Comparison implements StoredRefcounts.Visitor {

    @Override
    public void differs(long cluster, int stored, int references) {
      if (cluster >= clustersToCheck()) {
        return;
      }
      if (stored > 0) {
        lastUsedCluster = Math.max(lastUsedCluster, cluster);
      }
      findings.add(
          stored > references ? Kind.LEAK : Kind.CORRUPTION,
          cluster << header.clusterBits(),
          "refcount " + stored + ", references " + references);
    }

    @Override
    public void unreadable(long firstCluster, long clusters) {
      long checked = Math.min(clusters, clustersToCheck() - firstCluster);
      if (checked > 0) {
        findings.add(
            Kind.CHECK_ERROR,
            firstCluster << header.clusterBits(),
            "refcounts can't be read, their block has no valid place",
            checked);
      }
    }

    private long clustersToCheck() {
      return Math.max(counted.clustersOfFile(), counted.end());
    }
  }

  private long count(Kind kind) {
    return findings.count(kind);
  }

  /** Too high refcounts, wrong flags and the dirty bit, and no other trouble. */
  private boolean isRepairable() {
    boolean onlyFlags = count(Kind.CORRUPTION) == wrongCopiedFlags;
    boolean work = count(Kind.LEAK) + wrongCopiedFlags > 0 || header.features().isDirty();
    return work && onlyFlags && count(Kind.CHECK_ERROR) + count(Kind.OVERLAP) == 0;
  }

  private CheckReport report(long corruptionsFixed, long leaksFixed) {
    return new CheckReport(
        (lastUsedCluster + 1) << header.clusterBits(),
        header.geometry().clusters(header.virtualSize()),
        counted.active().allocated(),
        counted.active().fragmented(),
        counted.active().compressed(),
        count(Kind.CHECK_ERROR),
        count(Kind.CORRUPTION),
        corruptionsFixed,
        count(Kind.OVERLAP),
        count(Kind.LEAK),
        leaksFixed,
        counted.active().shared(),
        findings.first());
  }
}
