package dev.drover.qcow2;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.NewImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;

/**
 * How large a file a new image needs; counted as qemu-img measure counts, and never too little:
 * tables are counted as for a full disk.
 *
 * @param requiredBytes to hold the content; what reads as zeroes needs nothing
 * @param fullyAllocatedBytes once every cluster of the disk was written
 * @param bitmapsBytes for the dirty bitmaps, beside that; empty where source or copy cannot have
 *     any
 */
public record ImageMeasure(
    long requiredBytes, long fullyAllocatedBytes, OptionalLong bitmapsBytes) {

  private static final int DIRECTORY_ENTRY_BYTES = 24;

  /**
   * Of an empty disk in an image made with these options.
   *
   * @throws Qcow2Exception INVALID_OPTION
   */
  public static ImageMeasure of(CreateOptions options) throws Qcow2Exception {
    return of(options, 0);
  }

  /**
   * Of a copy of a disk, in an image made with these options. Where that has a backing file nobody
   * knows how much of it is shared, so everything counts as required.
   *
   * @throws IOException of the source; INVALID_OPTION
   */
  public static ImageMeasure of(CreateOptions options, GuestDisk source) throws IOException {
    return options.backing().isPresent()
        ? of(options, roundUp(options.virtualSize(), options.clusterSize()))
        : of(options, contentBytes(source, options.clusterSize()));
  }

  private static ImageMeasure of(CreateOptions options, long contentBytes) throws Qcow2Exception {
    long disk = roundUp(options.virtualSize(), options.clusterSize());
    long all = Math.addExact(disk, tables(options, disk));
    return new ImageMeasure(all - disk + contentBytes, all, OptionalLong.empty());
  }

  /** The same where the space of all clusters is taken from the start. */
  public ImageMeasure withDataAllocated() {
    return new ImageMeasure(fullyAllocatedBytes, fullyAllocatedBytes, bitmapsBytes);
  }

  /**
   * The same with the room for copies of these bitmaps.
   *
   * @param source size of the disk that they are of, in bytes
   */
  public ImageMeasure withBitmaps(CreateOptions options, List<BitmapInfo> bitmaps, long source) {
    if (options.version() == FormatVersion.V2) {
      return this;
    }
    int cluster = options.clusterSize();
    long bytes = 0;
    long directory = 0;
    for (BitmapInfo bitmap : bitmaps) {
      long bits = Math.ceilDiv(source, bitmap.granularityBytes());
      long clusters = Math.ceilDiv(Math.ceilDiv(bits, Byte.SIZE), cluster);
      bytes += clusters * cluster + roundUp(clusters * Long.BYTES, cluster);
      int name = bitmap.name().getBytes(StandardCharsets.UTF_8).length;
      directory += roundUp(DIRECTORY_ENTRY_BYTES + name, Long.BYTES);
    }
    return new ImageMeasure(
        requiredBytes, fullyAllocatedBytes, OptionalLong.of(bytes + roundUp(directory, cluster)));
  }

  /** Header, L2 tables, L1 table, and refcounts for these, the disk and themselves. */
  private static long tables(CreateOptions options, long disk) throws Qcow2Exception {
    Geometry geometry = NewImage.check(options, "the new image");
    int cluster = geometry.clusterSize();
    long l2Tables = Math.ceilDiv(disk >>> geometry.clusterBits(), geometry.l2Entries());
    long l1Bytes = roundUp(l2Tables * Long.BYTES, cluster);
    long bytes = cluster + l2Tables * cluster + l1Bytes;
    return bytes + refcountClusters(geometry, (bytes + disk) >>> geometry.clusterBits()) * cluster;
  }

  private static long refcountClusters(Geometry geometry, long counted) {
    long perTableCluster = geometry.clusterSize() / Long.BYTES;
    long blocks = 0;
    long table = 0;
    long before;
    do {
      before = blocks + table;
      blocks = Math.ceilDiv(counted + before, geometry.blockEntries());
      table = Math.ceilDiv(blocks, perTableCluster);
    } while (blocks + table != before);
    return before;
  }

  /** Bytes of the clusters that hold anything but zeroes. */
  private static long contentBytes(GuestDisk source, int cluster) throws IOException {
    long bytes = 0;
    long counted = 0; // clusters below this one are
    try {
      Iterator<HostExtent> extents =
          HostMap.of(source, new GuestOffset(0), source.virtualSizeBytes());
      while (extents.hasNext()) {
        HostExtent extent = extents.next();
        if (!extent.isZero() && extent.end() > counted) {
          long from = Math.max(counted, extent.start().bytes() / cluster * cluster);
          counted = roundUp(extent.end(), cluster);
          bytes += counted - from;
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return bytes;
  }

  private static long roundUp(long bytes, long unit) {
    return Math.multiplyExact(Math.ceilDiv(bytes, unit), unit);
  }
}
