package dev.drover.qcow2;

import dev.drover.qcow2.check.Finding;
import java.util.List;

/**
 * What {@link ImageCheck} found; the numbers that qemu-img check prints too mean the same here.
 *
 * @param imageEndOffset byte behind the last cluster in use
 * @param totalClusters of the virtual disk
 * @param allocatedClusters of the virtual disk that the active table maps
 * @param fragmentedClusters of these, that do not follow their neighbour
 * @param compressedClusters of these
 * @param checkErrors things that could not be checked
 * @param corruptions left, as qemu-img counts them
 * @param corruptionsFixed by this run
 * @param overlaps clusters claimed by two structures; qemu-img does not look for them
 * @param leaks left, in clusters
 * @param leaksFixed by this run
 * @param sharedInActiveTable see {@link dev.drover.qcow2.check.ActiveClusters#shared()}; no error
 * @param findings the first ones of each kind, for people
 */
public record CheckReport(
    long imageEndOffset,
    long totalClusters,
    long allocatedClusters,
    long fragmentedClusters,
    long compressedClusters,
    long checkErrors,
    long corruptions,
    long corruptionsFixed,
    long overlaps,
    long leaks,
    long leaksFixed,
    long sharedInActiveTable,
    List<Finding> findings) {

  public CheckReport {
    findings = List.copyOf(findings);
  }

  /** No error, no corruption, no overlap, no leak. */
  public boolean isClean() {
    return exitCode() == 0;
  }

  /** qemu-img's own: 0 clean, 1 could not check, 2 corrupt, 3 leaks only. */
  public int exitCode() {
    if (checkErrors > 0) {
      return 1;
    }
    if (corruptions > 0 || overlaps > 0) {
      return 2;
    }
    return leaks > 0 ? 3 : 0;
  }
}
