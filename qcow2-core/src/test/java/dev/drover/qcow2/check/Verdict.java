package dev.drover.qcow2.check;

import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.tools.Qemu;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a check says of an image: ours and qemu-img's in one form.
 *
 * @param exitCode as the command's
 * @param told false when there was nothing but an error; the counts are 0 then
 */
record Verdict(
    int exitCode,
    boolean told,
    long checkErrors,
    long corruptions,
    long corruptionsFixed,
    long leaks,
    long leaksFixed,
    long imageEndOffset,
    long totalClusters,
    long allocatedClusters,
    long fragmentedClusters,
    long compressedClusters) {

  /** Nothing but an error. */
  static Verdict failed(int exitCode) {
    return new Verdict(exitCode, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  /** Judges like {@code qemu-img check}: an overlap alone is none of its business. */
  static Verdict ours(BlockFile file, Repair repair) throws IOException {
    CheckReport report;
    try {
      report = ImageCheck.check(file, repair);
    } catch (Qcow2Exception e) {
      return failed(1);
    }
    boolean overlapsOnly =
        report.overlaps() > 0 && report.corruptions() == 0 && report.checkErrors() == 0;
    int exitCode = overlapsOnly ? (report.leaks() > 0 ? 3 : 0) : report.exitCode();
    return new Verdict(
        exitCode,
        true,
        report.checkErrors(),
        report.corruptions(),
        report.corruptionsFixed(),
        report.leaks(),
        report.leaksFixed(),
        report.imageEndOffset(),
        report.totalClusters(),
        report.allocatedClusters(),
        report.fragmentedClusters(),
        report.compressedClusters());
  }

  /**
   * Runs {@code qemu-img check}, on a file that {@code -r} changes. What it complains about can be
   * hundreds of megabytes, and is not looked at.
   */
  static Verdict theirs(Path path, Repair repair) {
    String quietly = "exec qemu-img check -f qcow2 --output=json \"$@\" 2>/dev/null";
    List<Object> arguments = new ArrayList<>(List.of("-c", quietly, "sh"));
    if (repair != Repair.NONE) {
      arguments.add("-r");
      arguments.add(repair.name().toLowerCase(java.util.Locale.ROOT));
    }
    arguments.add(path);
    Qemu.Result result = Qemu.run("sh", arguments.toArray());
    if (!result.output().contains("\"image-end-offset\"")) {
      return failed(result.exitCode());
    }
    return new Verdict(
        result.exitCode(),
        true,
        result.number("check-errors"),
        result.number("corruptions"),
        result.number("corruptions-fixed"),
        result.number("leaks"),
        result.number("leaks-fixed"),
        result.number("image-end-offset"),
        result.number("total-clusters"),
        result.number("allocated-clusters"),
        result.number("fragmented-clusters"),
        result.number("compressed-clusters"));
  }
}
