package dev.drover.qcow2.check;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Mends an image, as far as {@code qemu-img check -r} does and content allows.
 *
 * <p><b>What is never done.</b> No guest byte and no table that could hold one is overwritten, no
 * pointer is dropped but that of a cluster that reads as zeroes. As long as one reference cannot be
 * followed, nothing is freed: what looks lost may be what it led to.
 *
 * <p><b>Cut anywhere</b>, what is left is mended by the next repair: the image is marked dirty
 * before anything else and until all is durable; refcounts are corrected in their blocks, each of
 * which is derived from references that repair leaves alone; new refcount blocks and tables lie
 * behind the end of everything, are durable before the one write of the header that makes them
 * count; and a COPIED flag is set only where the refcount is durably one.
 */
public final class Mending {

  private final BlockFile file;
  private final boolean everything;
  private Inspection found;
  private long corruptionsFixed;
  private long leaksFixed;

  private Mending(Inspection found, boolean everything) {
    this.file = found.file();
    this.found = found;
    this.everything = everything;
  }

  /** Lowers refcounts that are too high; COPIED flags too if nothing else is wrong then. */
  public static Mending leaks(Inspection found) throws IOException {
    return new Mending(found, false).run();
  }

  /** Mends all that can be. */
  public static Mending all(Inspection found) throws IOException {
    return new Mending(found, true).run();
  }

  /** The image as it is now. */
  public Inspection result() {
    return found;
  }

  public long corruptionsFixed() {
    return corruptionsFixed;
  }

  public long leaksFixed() {
    return leaksFixed;
  }

  private Mending run() throws IOException {
    Features before = found.header().features();
    boolean marked = before.isDirty() || before.isCorrupt();
    if (!marked && found.isClean() && found.count(Kind.LEAK) == 0) {
      return this;
    }
    if (!everything && found.needsRefcountsRaised()) {
      throw needsEverything();
    }
    Header header = found.header();
    // As for any program that writes: what follows the image from outside must learn of it.
    Features opened = before.withKnownAutoclear();
    writeFeatures(header, opened.withDirty(true));
    if (before.isDirty()) {
      rewriteTables();
    }
    if (everything) {
      zeroes();
    }
    refcounts();
    copiedFlags();
    boolean mended = found.isClean();
    writeFeatures(header, mended ? opened.withDirty(false).withCorrupt(false) : opened);
    return this;
  }

  private Qcow2Exception needsEverything() {
    return new Qcow2Exception(
        Code.CORRUPT,
        file.name(),
        Qcow2Exception.NO_OFFSET,
        "corrupt: refcounts must be built anew before a leak can be told from what is in use",
        "repair it with: image check -r all");
  }

  private void writeFeatures(Header header, Features features) throws IOException {
    if (header.hasFeatures()) {
      file.write(header.withFeatures(features).encodeFeatures(), Header.FEATURES_AT);
    }
    file.sync();
  }

  /**
   * Whoever left the image dirty may have seen a sync fail: what reads may not be durable (I-14).
   */
  private void rewriteTables() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(found.geometry().clusterSize());
    long fileBytes = file.length();
    found
        .counted()
        .forEachTableCluster(
            cluster -> {
              long at = cluster << found.header().clusterBits();
              if (at < fileBytes) {
                bytes.clear().limit((int) Math.min(bytes.capacity(), fileBytes - at));
                file.read(bytes, at);
                file.write(bytes.flip(), at);
              }
            });
    file.sync();
  }

  /** What reads as zeroes does not need the place that it has wrong. */
  private void zeroes() throws IOException {
    if (new UnalignedZeroes(found).unlink() > 0) {
      file.sync();
      inspectAgain();
    }
  }

  private void refcounts() throws IOException {
    if (everything && (found.areRefcountsBroken() || found.canSnapshotsBeCompleted())) {
      new RefcountRebuild(found).run();
      inspectAgain();
    }
    boolean wrong = found.count(Kind.LEAK) + found.otherCorruptions() > 0;
    if (wrong && !found.areRefcountsBroken()) {
      new RefcountCorrection(found, everything).run();
      inspectAgain();
    }
  }

  /** The counts of what was fixed are the differences between one look and the next. */
  private void inspectAgain() throws IOException {
    Inspection before = found;
    found = Inspection.of(file);
    corruptionsFixed += Math.max(0, before.otherCorruptions() - found.otherCorruptions());
    leaksFixed += Math.max(0, before.count(Kind.LEAK) - found.count(Kind.LEAK));
  }

  private void copiedFlags() throws IOException {
    boolean safe =
        everything
            || found.otherCorruptions()
                    + found.count(Kind.LEAK)
                    + found.count(Kind.CHECK_ERROR)
                    + found.count(Kind.OVERLAP)
                == 0;
    if (found.wrongCopiedFlags() == 0 || !safe) {
      return;
    }
    long wrong = found.wrongCopiedFlags();
    int clusterBits = found.header().clusterBits();
    found.forEachWrongCopiedFlag(
        (entryAt, corrected, refcount, times) -> {
          long cluster = entryAt.cluster(clusterBits);
          // What is no table of entries alone is left as it is: the flag would be somebody's bit.
          if (found.counted().isOnly(Role.L1, cluster)
              || found.counted().isOnly(Role.L2, cluster)) {
            file.write(PointerTable.encode(corrected), entryAt.bytes());
          }
        });
    file.sync();
    found = Inspection.of(file);
    corruptionsFixed += wrong - found.wrongCopiedFlags();
  }
}
