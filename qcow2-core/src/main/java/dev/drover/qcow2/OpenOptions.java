package dev.drover.qcow2;

/**
 * How an image is opened, beside what it says of itself. The disk is the same with any.
 *
 * <p><b>The L2 cache.</b> Where a guest cluster is stands in an L2 table, in 8 bytes, 16 with
 * extended L2 entries. A cache of {@code l2CacheBytes} therefore serves
 *
 * <pre>
 *   guest bytes = l2CacheBytes / 8 * cluster size
 * </pre>
 *
 * half of it with extended entries: 1 MiB is enough for 8 GiB in clusters of 64 KiB, and the
 * default for 256 GiB. With as much as the disk needs all of its tables stay in memory once they
 * were read; with less, what was used last does, in slices of 4 KiB (a cluster, if that is
 * smaller), and a look elsewhere costs a read of one slice. The memory is taken as slices are read,
 * never ahead, and no less than two slices can be had. Tables of snapshots share it while somebody
 * reads them.
 *
 * @param l2CacheBytes the most bytes of L2 tables that are kept in memory; of this image, while a
 *     backing file has a cache of its own, of the default size
 */
public record OpenOptions(long l2CacheBytes) {

  /** An L2 cache of 32 MiB. */
  public static final OpenOptions DEFAULT = new OpenOptions(32L << 20);

  public OpenOptions {
    if (l2CacheBytes < 0) {
      throw new IllegalArgumentException("an L2 cache of " + l2CacheBytes + " bytes");
    }
  }

  /** The same with another L2 cache. */
  public OpenOptions withL2CacheBytes(long bytes) {
    return new OpenOptions(bytes);
  }
}
