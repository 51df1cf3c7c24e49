package dev.drover.qcow2.format;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes an empty image.
 *
 * <pre>
 *   cluster 0   header, extensions, backing name
 *           1   refcount table
 *           …   refcount blocks: as many as it takes to count these clusters
 *           …   L1 table, all zeroes (none for a disk of size 0)
 * </pre>
 *
 * <p>The header comes last, after a sync: a file whose making was interrupted is no image.
 */
public final class NewImage {

  private final BlockFile file;
  private final String name;
  private final CreateOptions options;
  private final Geometry geometry;

  private NewImage(BlockFile file, String name, CreateOptions options) throws Qcow2Exception {
    this.file = file;
    this.name = name;
    this.options = options;
    this.geometry = checkedGeometry();
    checkVersion();
    checkSize();
    checkBacking();
    checkDataFile();
    checkPreallocation();
  }

  /**
   * What follows from these options, for an image that nobody makes.
   *
   * @param name of it, for the error
   * @throws Qcow2Exception INVALID_OPTION
   */
  public static Geometry check(CreateOptions options, String name) throws Qcow2Exception {
    return new NewImage(null, name, options).geometry;
  }

  /**
   * Makes {@code file}, which must be empty, an image, durably.
   *
   * @throws Qcow2Exception INVALID_OPTION, before anything is written
   */
  public static Header create(BlockFile file, CreateOptions options) throws IOException {
    if (file.length() != 0) {
      throw new IllegalArgumentException(file.name() + " is not empty");
    }
    return new NewImage(file, file.name(), options).write();
  }

  private Geometry checkedGeometry() throws Qcow2Exception {
    int size = options.clusterSize();
    int least = options.replicaState().isPresent() ? PositionSlots.MIN_CLUSTER_BYTES : 512;
    if (Integer.bitCount(size) != 1 || size < least || size > 1 << Geometry.MAX_CLUSTER_BITS) {
      throw invalid(
          "cluster size " + size + " is not a power of two from " + least + " to 2097152");
    }
    int bits = options.refcountBits();
    if (Integer.bitCount(bits) != 1 || bits > 64) {
      throw invalid("refcount width " + bits + " is not a power of two from 1 to 64 bits");
    }
    if (options.extendedL2() && size < 1 << Geometry.MIN_EXTENDED_CLUSTER_BITS) {
      throw invalid("extended L2 entries need clusters of at least 16384 bytes, not " + size);
    }
    return new Geometry(
        Integer.numberOfTrailingZeros(size),
        Integer.numberOfTrailingZeros(bits),
        options.extendedL2(),
        options.dataFile().isPresent());
  }

  /** What came with version 3 only. */
  private void checkVersion() throws Qcow2Exception {
    if (options.version() == FormatVersion.V3) {
      return;
    }
    if (options.refcountBits() != 16) {
      throw invalid("refcounts of " + options.refcountBits() + " bits need compat=1.1");
    }
    if (options.lazyRefcounts()) {
      throw invalid("lazy refcounts need compat=1.1");
    }
    if (options.extendedL2()) {
      throw invalid("extended L2 entries need compat=1.1");
    }
    if (options.compression() != Compression.ZLIB) {
      throw invalid("a compression type other than zlib needs compat=1.1");
    }
    if (options.replicaState().isPresent()) {
      throw invalid("a replica needs compat=1.1");
    }
    if (options.dataFile().isPresent()) {
      throw invalid("an external data file needs compat=1.1");
    }
  }

  private void checkPreallocation() throws Qcow2Exception {
    boolean wanted = options.preallocation() != Preallocation.OFF;
    if (wanted && (options.backing().isPresent() || options.replicaState().isPresent())) {
      throw invalid("preallocation goes with neither a backing file nor a replica");
    }
  }

  private void checkDataFile() throws Qcow2Exception {
    if (options.dataFile().isPresent() && options.replicaState().isPresent()) {
      throw invalid("a replica is one plain file: it cannot have an external data file");
    }
    if (options.dataFile().filter(String::isEmpty).isPresent()) {
      throw invalid("data file name is empty");
    }
    if (options.dataFileRaw() && options.backing().isPresent()) {
      throw invalid("a raw data file is the whole disk: it cannot have a backing file");
    }
  }

  private void checkSize() throws Qcow2Exception {
    long size = options.virtualSize();
    if (size < 0 || size % 512 != 0) {
      throw invalid("virtual size " + size + " is not a multiple of 512 bytes");
    }
    if (size > geometry.maxVirtualSize()) {
      throw invalid(
          "virtual size %d is more than the %d bytes that clusters of %d bytes can map"
              .formatted(size, geometry.maxVirtualSize(), geometry.clusterSize()));
    }
  }

  private void checkBacking() throws Qcow2Exception {
    if (options.backing().isPresent()) {
      BackingReference backing = options.backing().get();
      if (backing.name().isEmpty()
          || Utf8.encode(backing.name()).length > Header.MAX_BACKING_NAME_BYTES) {
        throw invalid("backing file name is empty or longer than 1023 bytes");
      }
    }
  }

  private Qcow2Exception invalid(String what) {
    return new Qcow2Exception(Code.INVALID_OPTION, name, what, "choose another value");
  }

  private Header write() throws IOException {
    int l1Entries = (int) geometry.l1EntriesFor(options.virtualSize());
    long l1Clusters = geometry.clusters(8L * l1Entries);
    int blocks = 1;
    int tableClusters;
    long clusters;
    while (true) {
      tableClusters = (int) geometry.clusters(8L * blocks);
      clusters = 1 + tableClusters + blocks + l1Clusters;
      if (clusters <= (long) blocks * geometry.blockEntries()) {
        break;
      }
      blocks = Math.toIntExact(-Math.floorDiv(-clusters, geometry.blockEntries()));
    }
    HostOffset table = cluster(1);
    HostOffset firstBlock = cluster(1 + tableClusters);
    HostOffset l1 = cluster(1 + tableClusters + blocks);
    Header header =
        header(
            l1Entries == 0 ? TablePointer.NONE : new TablePointer(l1, l1Entries),
            new TablePointer(table, tableClusters));

    file.setLength(clusters << geometry.clusterBits());
    writeRefcounts(table, firstBlock, blocks, clusters);
    file.sync();
    file.write(header.encode(), 0);
    file.sync();
    return header;
  }

  private HostOffset cluster(long number) {
    return new HostOffset(number << geometry.clusterBits());
  }

  private void writeRefcounts(HostOffset table, HostOffset firstBlock, int blocks, long clusters)
      throws IOException {
    long[] pointers = new long[blocks];
    for (int i = 0; i < blocks; i++) {
      HostOffset at = firstBlock.plus((long) i << geometry.clusterBits());
      pointers[i] = at.bytes();
      long first = (long) i * geometry.blockEntries();
      ByteBuffer bytes = ByteBuffer.allocate(geometry.clusterSize());
      RefcountBlock block = new RefcountBlock(bytes, geometry);
      for (int j = 0; j < geometry.blockEntries() && first + j < clusters; j++) {
        block.set(j, 1);
      }
      file.write(bytes, at.bytes());
    }
    file.write(PointerTable.encode(pointers), table.bytes());
  }

  private Header header(TablePointer l1, TablePointer refcountTable) throws Qcow2Exception {
    List<HeaderExtension> extensions = new ArrayList<>();
    options
        .backing()
        .flatMap(BackingReference::format)
        .map(format -> HeaderExtension.ofText(HeaderExtension.BACKING_FORMAT, format))
        .ifPresent(extensions::add);
    options
        .dataFile()
        .map(name -> HeaderExtension.ofText(HeaderExtension.EXTERNAL_DATA, name))
        .ifPresent(extensions::add);
    List<FeatureName> known = new ArrayList<>(FeatureName.OURS);
    if (options.extendedL2()) {
      known.add(FeatureName.EXTENDED_L2);
    }
    if (options.dataFile().isPresent()) {
      known.addAll(FeatureName.DATA_FILE);
    }
    HeaderExtension names =
        new HeaderExtension(HeaderExtension.FEATURE_NAMES, FeatureName.encode(known));
    boolean v3 = options.version() == FormatVersion.V3;
    if (v3 && geometry.clusterSize() >= PositionSlots.MIN_CLUSTER_BYTES) {
      extensions.add(names); // smaller clusters need the room for a backing file name
    }
    options.replicaState().ifPresent(payload -> extensions.add(slots(extensions, payload)));
    Header header =
        new Header(
            options.version(),
            geometry,
            options.virtualSize(),
            l1,
            refcountTable,
            TablePointer.NONE,
            features(),
            options.compression(),
            new byte[v3 ? Header.FIELD_BYTES - Header.AT_TAIL : 0],
            extensions,
            options.backing().map(BackingReference::name),
            Header.BEHIND_EXTENSIONS);
    if (header.encodedBytes() > geometry.clusterSize()) {
      throw invalid("the names of backing file and data file do not fit into a cluster");
    }
    return header;
  }

  private Features features() {
    long compression = options.compression() == Compression.ZLIB ? 0 : Features.COMPRESSION_TYPE;
    return new Features(
            compression
                | (options.dataFile().isPresent() ? Features.EXTERNAL_DATA : 0)
                | (options.extendedL2() ? Features.EXTENDED_L2 : 0),
            options.lazyRefcounts() ? Features.LAZY_REFCOUNTS : 0,
            options.dataFileRaw() ? Features.RAW_EXTERNAL_DATA : 0)
        .withReplica(options.replicaState().isPresent());
  }

  private HeaderExtension slots(List<HeaderExtension> before, byte[] payload) {
    long at = Header.FIELD_BYTES + HeaderExtension.HEAD_BYTES;
    for (HeaderExtension extension : before) {
      at += extension.fileBytes();
    }
    return PositionSlots.create(geometry.clusterSize(), at, payload);
  }
}
