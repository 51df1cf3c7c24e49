package dev.drover.qcow2;

import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.Geometry;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a new image is to be; the defaults are qemu-img's. Immutable.
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="create"}
 *
 * <p>An image on top of another:
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="overlay"}
 */
public final class CreateOptions {

  private long virtualSize;
  private int clusterSize = 1 << Geometry.DEFAULT_CLUSTER_BITS;
  private FormatVersion version = FormatVersion.V3;
  private int refcountBits = 1 << Geometry.DEFAULT_REFCOUNT_ORDER;
  private boolean lazyRefcounts;
  private boolean extendedL2;
  private Preallocation preallocation = Preallocation.OFF;
  private Compression compression = Compression.ZLIB;
  private Optional<BackingReference> backing = Optional.empty();
  private Optional<String> dataFile = Optional.empty();
  private boolean dataFileRaw;
  private Optional<byte[]> replicaState = Optional.empty();

  private CreateOptions() {}

  private CreateOptions with(Consumer<CreateOptions> change) {
    CreateOptions changed = new CreateOptions();
    changed.virtualSize = virtualSize;
    changed.clusterSize = clusterSize;
    changed.version = version;
    changed.refcountBits = refcountBits;
    changed.lazyRefcounts = lazyRefcounts;
    changed.extendedL2 = extendedL2;
    changed.preallocation = preallocation;
    changed.compression = compression;
    changed.backing = backing;
    changed.dataFile = dataFile;
    changed.dataFileRaw = dataFileRaw;
    changed.replicaState = replicaState;
    change.accept(changed);
    return changed;
  }

  /**
   * @param virtualSize in bytes, a multiple of 512
   */
  public static CreateOptions ofSize(long virtualSize) {
    return new CreateOptions().with(options -> options.virtualSize = virtualSize);
  }

  /** The same with another size. */
  public CreateOptions withVirtualSize(long bytes) {
    return with(options -> options.virtualSize = bytes);
  }

  /** In bytes: a power of two from 512 to 2 MiB. */
  public CreateOptions withClusterSize(int bytes) {
    return with(options -> options.clusterSize = bytes);
  }

  public CreateOptions withVersion(FormatVersion wanted) {
    return with(options -> options.version = wanted);
  }

  /** A power of two from 1 to 64; with one bit there can be no snapshots. Version 3 only. */
  public CreateOptions withRefcountBits(int bits) {
    return with(options -> options.refcountBits = bits);
  }

  /** Lets QEMU postpone refcount updates and count anew after a crash. Version 3 only. */
  public CreateOptions withLazyRefcounts(boolean lazy) {
    return with(options -> options.lazyRefcounts = lazy);
  }

  /**
   * L2 entries that tell 32 subclusters of a cluster apart: a small write allocates and copies no
   * more than the subclusters that it touches. Clusters need at least 16 KiB then. Version 3 only.
   */
  public CreateOptions withExtendedL2(boolean extended) {
    return with(options -> options.extendedL2 = extended);
  }

  /** How compressed clusters are compressed; anything but zlib is of version 3 only. */
  public CreateOptions withCompression(Compression type) {
    return with(options -> options.compression = type);
  }

  /** Recorded in the header; nothing opens it here. */
  public CreateOptions withBacking(BackingReference reference) {
    return with(options -> options.backing = Optional.of(reference));
  }

  /**
   * Puts guest data into a file of its own, which the header names; see {@link
   * Qcow2Image#create(dev.drover.qcow2.io.BlockFile, dev.drover.qcow2.io.BlockFile,
   * CreateOptions)}. Version 3 only.
   *
   * @param raw the data file is to be, by itself, the guest's disk at any time; not with a backing
   *     file
   */
  public CreateOptions withDataFile(String name, boolean raw) {
    return with(
        options -> {
          options.dataFile = Optional.of(name);
          options.dataFileRaw = raw;
        });
  }

  /**
   * Makes the image a replica, with this as the first payload of its position slots; clusters need
   * at least 4 KiB then. Version 3 only.
   */
  public CreateOptions withReplicaState(byte[] payload) {
    return with(options -> options.replicaState = Optional.of(payload));
  }

  public long virtualSize() {
    return virtualSize;
  }

  public int clusterSize() {
    return clusterSize;
  }

  public FormatVersion version() {
    return version;
  }

  public int refcountBits() {
    return refcountBits;
  }

  public boolean lazyRefcounts() {
    return lazyRefcounts;
  }

  public boolean extendedL2() {
    return extendedL2;
  }

  /**
   * Gives the disk its space when it is made: {@link Qcow2Image#create} does that, when the image
   * is one already. Not with a backing file, which holes go on showing.
   */
  public CreateOptions withPreallocation(Preallocation wanted) {
    return with(options -> options.preallocation = wanted);
  }

  public Preallocation preallocation() {
    return preallocation;
  }

  public Compression compression() {
    return compression;
  }

  public Optional<BackingReference> backing() {
    return backing;
  }

  /** Empty: guest data is in the image itself. */
  public Optional<String> dataFile() {
    return dataFile;
  }

  public boolean dataFileRaw() {
    return dataFileRaw;
  }

  /** Empty: no slots, a plain image. */
  public Optional<byte[]> replicaState() {
    return replicaState;
  }

  /** What qemu-img makes of a size: the next multiple of 512. */
  public static long roundUpToSectors(long bytes) {
    return Math.addExact(bytes, 511) & -512;
  }

  /** The largest virtual size that an image with this cluster size can have. */
  public static long maxVirtualSize(int clusterSize) {
    return Geometry.ofClusterSize(clusterSize).maxVirtualSize();
  }
}
