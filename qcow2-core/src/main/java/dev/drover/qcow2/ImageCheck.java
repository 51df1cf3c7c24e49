package dev.drover.qcow2;

import dev.drover.qcow2.check.ActiveClusters;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.check.Inspection;
import dev.drover.qcow2.check.Mending;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * Checks an image like {@code qemu-img check}, by a walk of its own that shares no code with what
 * writes images. Nothing is written unless a repair is asked for.
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="check"}
 */
public final class ImageCheck {

  /** What may be repaired. */
  public enum Repair {
    NONE,
    /** Refcounts that are too high, and then COPIED flags if nothing else is wrong. */
    LEAKS,
    /** All that can be mended without giving up content. */
    ALL
  }

  private ImageCheck() {}

  /**
   * Checks a file that nobody is writing to.
   *
   * @throws Qcow2Exception when nothing in the image can be counted: its header, snapshot table or
   *     bitmap directory
   */
  public static CheckReport check(BlockFile file, Repair repair) throws IOException {
    Inspection first = Inspection.of(file);
    return switch (repair) {
      case NONE -> report(first, 0, 0);
      case LEAKS -> report(Mending.leaks(first));
      case ALL -> report(Mending.all(first));
    };
  }

  private static CheckReport report(Mending repaired) {
    return report(repaired.result(), repaired.corruptionsFixed(), repaired.leaksFixed());
  }

  private static CheckReport report(Inspection found, long corruptionsFixed, long leaksFixed) {
    Header header = found.header();
    ActiveClusters active = found.counted().active();
    return new CheckReport(
        found.imageEndOffset(),
        header.geometry().clusters(header.virtualSize()),
        active.allocated(),
        active.fragmented(),
        active.compressed(),
        found.count(Kind.CHECK_ERROR),
        found.count(Kind.CORRUPTION),
        corruptionsFixed,
        found.count(Kind.OVERLAP),
        found.count(Kind.LEAK),
        leaksFixed,
        active.shared(),
        found.findings().first());
  }
}
