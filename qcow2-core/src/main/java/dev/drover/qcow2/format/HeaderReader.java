package dev.drover.qcow2.format;

import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reads a header that may come from anybody. Each field is checked before it is used in arithmetic,
 * and nothing is read or allocated that the file could not back.
 */
final class HeaderReader {

  private static final String CHECK_HINT = "run qemu-img check on it, or restore it from a copy";
  private static final int CRYPT_LUKS = 2;

  private static final long SUPPORTED_INCOMPATIBLE =
      Features.DIRTY
          | Features.CORRUPT
          | Features.EXTERNAL_DATA
          | Features.COMPRESSION_TYPE
          | Features.EXTENDED_L2;

  private final BlockFile file;
  private final long fileBytes;
  private final boolean damaged;
  private ByteBuffer fields;
  private FormatVersion version;
  private Geometry geometry;

  /**
   * @param damaged take tables as they are, wherever they are said to be: see {@link
   *     Header#readDamaged}
   */
  HeaderReader(BlockFile file, boolean damaged) throws IOException {
    this.file = file;
    this.fileBytes = file.length();
    this.damaged = damaged;
  }

  Header read() throws IOException {
    fields = ByteBuffer.allocate(Header.FIELD_BYTES);
    file.read(fields, 0);
    checkMagicAndVersion();
    geometry = geometry();
    int headerLength = headerLength();
    ByteBuffer cluster0 =
        ByteBuffer.allocate((int) Math.min(geometry.clusterSize(), backedBytes()));
    file.read(cluster0, 0);
    fields = cluster0.flip();

    int backingOffset = backingOffset(headerLength);
    List<HeaderExtension> extensions = extensions(headerLength, backingOffset);
    Features features = features(extensions);
    checkEncryption();
    checkDataFile(features, extensions);
    Compression compression = compression(headerLength, features);
    long virtualSize = virtualSize();
    TablePointer l1 = l1(virtualSize);
    TablePointer refcountTable = refcountTable();
    TablePointer snapshots = snapshots();
    if (!damaged) {
      checkDisjoint(l1, refcountTable, snapshots);
    }
    return new Header(
        version,
        geometry,
        virtualSize,
        l1,
        refcountTable,
        snapshots,
        features,
        compression,
        tail(headerLength),
        extensions,
        backingName(backingOffset),
        backingOffset);
  }

  private byte[] tail(int headerLength) {
    byte[] tail = new byte[Math.max(0, headerLength - Header.AT_TAIL)];
    fields.get(Header.AT_TAIL, tail);
    return tail;
  }

  private void checkMagicAndVersion() throws IOException {
    if (fileBytes < 4 || fields.getInt(0) != Header.MAGIC) {
      throw new Qcow2Exception(
          Code.NOT_QCOW2,
          file.name(),
          "not a qcow2 image: it does not begin with the bytes \"QFI\\xfb\"",
          "check the path and the format");
    }
    int number = fields.getInt(Header.AT_VERSION);
    version =
        Arrays.stream(FormatVersion.values())
            .filter(each -> each.number() == number)
            .findFirst()
            .orElse(null);
    if (fileBytes < (version == FormatVersion.V2 ? Header.VERSION_2_BYTES : Header.MIN_BYTES)) {
      throw truncated(0, "the header");
    }
    if (version == null) {
      throw unsupported(Header.AT_VERSION, "version " + Integer.toUnsignedString(number), "");
    }
  }

  private Geometry geometry() throws IOException {
    int bits = fields.getInt(Header.AT_CLUSTER_BITS);
    if (bits < Geometry.MIN_CLUSTER_BITS || bits > Geometry.MAX_CLUSTER_BITS) {
      throw corrupt(
          Header.AT_CLUSTER_BITS,
          "cluster bits " + Integer.toUnsignedString(bits) + " not 9 to 21");
    }
    long incompatible = version == FormatVersion.V2 ? 0 : fields.getLong(Header.AT_INCOMPATIBLE);
    boolean extendedL2 = (incompatible & Features.EXTENDED_L2) != 0;
    if (extendedL2 && bits < Geometry.MIN_EXTENDED_CLUSTER_BITS) {
      throw corrupt(
          Header.AT_CLUSTER_BITS, "extended L2 entries with clusters of " + (1 << bits) + " bytes");
    }
    boolean external = (incompatible & Features.EXTERNAL_DATA) != 0;
    return new Geometry(bits, refcountOrder(), extendedL2, external);
  }

  private int headerLength() throws IOException {
    if (version == FormatVersion.V2) {
      return Header.VERSION_2_BYTES;
    }
    int length = fields.getInt(Header.AT_HEADER_LENGTH);
    if (length < Header.MIN_BYTES || length > geometry.clusterSize() || length % 8 != 0) {
      throw corrupt(
          Header.AT_HEADER_LENGTH,
          "header length " + Integer.toUnsignedString(length) + " invalid");
    }
    if (length > backedBytes()) {
      throw truncated(0, "the header");
    }
    return length;
  }

  /** 0: no backing file. */
  private int backingOffset(int headerLength) throws IOException {
    long offset = fields.getLong(Header.AT_BACKING_OFFSET);
    if (offset == 0) {
      return 0;
    }
    int size = fields.getInt(Header.AT_BACKING_SIZE);
    if (offset < headerLength || offset > geometry.clusterSize()) {
      throw corrupt(
          Header.AT_BACKING_OFFSET,
          "backing file name at " + Long.toUnsignedString(offset) + ", outside of cluster 0");
    }
    long room = Math.min(Header.MAX_BACKING_NAME_BYTES, geometry.clusterSize() - offset);
    if (size < 0 || size > room) {
      throw corrupt(
          Header.AT_BACKING_SIZE,
          "backing file name of " + Integer.toUnsignedString(size) + " bytes is too long");
    }
    if (offset + size > backedBytes()) {
      throw truncated(offset, "the backing file name");
    }
    return (int) offset;
  }

  private Optional<String> backingName(int offset) throws IOException {
    int size = fields.getInt(Header.AT_BACKING_SIZE);
    if (offset == 0 || size == 0) {
      return Optional.empty();
    }
    Optional<String> name = Utf8.decode(fields.slice(offset, size));
    if (name.isEmpty()) {
      throw unsupported(
          offset,
          "a backing file name that is not UTF-8",
          "rename the backing file and run: image rebase -u");
    }
    return name;
  }

  private List<HeaderExtension> extensions(int headerLength, int backingOffset) throws IOException {
    List<HeaderExtension> extensions = new ArrayList<>();
    int end = backingOffset == 0 ? geometry.clusterSize() : backingOffset;
    int at = headerLength;
    while (at + HeaderExtension.HEAD_BYTES <= end) {
      if (at + HeaderExtension.HEAD_BYTES > fields.limit()) {
        throw truncated(at, "the header extensions");
      }
      int type = fields.getInt(at);
      int length = fields.getInt(at + 4);
      int dataAt = at + HeaderExtension.HEAD_BYTES;
      if (type == HeaderExtension.END) {
        break;
      }
      if (length < 0 || length > end - dataAt) {
        throw corrupt(
            at + 4,
            "header extension 0x%08x of %s bytes leaves cluster 0"
                .formatted(type, Integer.toUnsignedString(length)));
      }
      if (length > fields.limit() - dataAt) {
        throw truncated(at, "the header extensions");
      }
      byte[] data = new byte[length];
      fields.get(dataAt, data);
      extensions.add(new HeaderExtension(type, data));
      at = dataAt + HeaderExtension.paddedBytes(length);
    }
    return extensions;
  }

  private Features features(List<HeaderExtension> extensions) throws IOException {
    if (version == FormatVersion.V2) {
      return Features.NONE;
    }
    Features features =
        new Features(
            fields.getLong(Header.AT_INCOMPATIBLE),
            fields.getLong(Header.AT_COMPATIBLE),
            fields.getLong(Header.AT_AUTOCLEAR));
    long unknown = features.incompatible() & ~SUPPORTED_INCOMPATIBLE;
    if (unknown != 0) {
      List<String> names = new ArrayList<>();
      for (int bit = 0; bit < Long.SIZE; bit++) {
        if ((unknown >>> bit & 1) != 0) {
          names.add(featureName(bit, extensions));
        }
      }
      throw unsupported(
          Header.AT_INCOMPATIBLE,
          "incompatible feature " + String.join(", ", names),
          "convert it to a plain image with: qemu-img convert -O qcow2 FILE NEW");
    }
    boolean rawData = (features.autoclear() & Features.RAW_EXTERNAL_DATA) != 0;
    if (rawData && (features.incompatible() & Features.EXTERNAL_DATA) == 0) {
      throw corrupt(Header.AT_AUTOCLEAR, "a raw external data file, but no external data file");
    }
    return features;
  }

  private void checkDataFile(Features features, List<HeaderExtension> extensions)
      throws IOException {
    if (!features.hasDataFile()) {
      return;
    }
    Optional<byte[]> name =
        extensions.stream()
            .filter(extension -> extension.type() == HeaderExtension.EXTERNAL_DATA)
            .map(HeaderExtension::data)
            .findFirst();
    if (name.isEmpty() || name.get().length == 0) {
      throw corrupt(Header.AT_INCOMPATIBLE, "an external data file, but no name of it");
    }
    if (Utf8.decode(ByteBuffer.wrap(name.get())).isEmpty()) {
      throw unsupported(
          Header.AT_INCOMPATIBLE,
          "a data file name that is not UTF-8",
          "rename the data file and make another image for it");
    }
  }

  private static String featureName(int bit, List<HeaderExtension> extensions) {
    return switch (bit) {
      default -> {
        for (HeaderExtension extension : extensions) {
          if (extension.type() == HeaderExtension.FEATURE_NAMES) {
            for (FeatureName name : FeatureName.decode(extension.data())) {
              if (name.type() == FeatureName.INCOMPATIBLE && name.bit() == bit) {
                yield "bit " + bit + " (\"" + printable(name.name()) + "\")";
              }
            }
          }
        }
        yield "bit " + bit;
      }
    };
  }

  private static String printable(String untrusted) {
    return untrusted.replaceAll("[^\\x20-\\x7e]", "?");
  }

  private void checkEncryption() throws IOException {
    int method = fields.getInt(Header.AT_CRYPT);
    if (method < 0 || method > CRYPT_LUKS) {
      throw corrupt(Header.AT_CRYPT, "encryption method " + Integer.toUnsignedString(method));
    }
    if (method != 0) {
      throw unsupported(
          Header.AT_CRYPT,
          "encryption (" + (method == CRYPT_LUKS ? "LUKS" : "AES") + ")",
          "convert it to a plain image with: qemu-img convert -O qcow2 FILE NEW");
    }
  }

  private int refcountOrder() throws IOException {
    if (version == FormatVersion.V2) {
      return Geometry.DEFAULT_REFCOUNT_ORDER;
    }
    int order = fields.getInt(Header.AT_REFCOUNT_ORDER);
    if (order < 0 || order > Geometry.MAX_REFCOUNT_ORDER) {
      throw corrupt(Header.AT_REFCOUNT_ORDER, "refcount order " + Integer.toUnsignedString(order));
    }
    return order;
  }

  private Compression compression(int headerLength, Features features) throws IOException {
    int type = headerLength > Header.AT_COMPRESSION ? fields.get(Header.AT_COMPRESSION) & 0xff : 0;
    if (type >= Compression.values().length) {
      throw unsupported(Header.AT_COMPRESSION, "compression type " + type, "");
    }
    if ((type != 0) != ((features.incompatible() & Features.COMPRESSION_TYPE) != 0)) {
      throw corrupt(
          Header.AT_COMPRESSION, "compression type " + type + " contradicts its feature bit");
    }
    return Compression.values()[type];
  }

  private long virtualSize() throws IOException {
    long size = fields.getLong(Header.AT_VIRTUAL_SIZE);
    if (size < 0 || size > geometry.maxVirtualSize()) {
      throw corrupt(
          Header.AT_VIRTUAL_SIZE,
          "virtual size " + Long.toUnsignedString(size) + " is more than its clusters can map");
    }
    return size;
  }

  private TablePointer l1(long virtualSize) throws IOException {
    int entries = fields.getInt(Header.AT_L1_SIZE);
    if (entries < 0 || entries > Geometry.MAX_L1_ENTRIES) {
      throw corrupt(
          Header.AT_L1_SIZE, "L1 table of " + Integer.toUnsignedString(entries) + " entries");
    }
    if (entries < geometry.l1EntriesFor(virtualSize)) {
      throw corrupt(
          Header.AT_L1_SIZE,
          "L1 table of " + entries + " entries is too small for the virtual size");
    }
    return table(Header.AT_L1_OFFSET, "the L1 table", entries, 8L * entries);
  }

  private TablePointer refcountTable() throws IOException {
    int clusters = fields.getInt(Header.AT_REFCOUNT_TABLE_CLUSTERS);
    long most = Geometry.MAX_REFCOUNT_TABLE_BYTES >> geometry.clusterBits();
    if (clusters < (damaged ? 0 : 1) || clusters > most) {
      throw corrupt(
          Header.AT_REFCOUNT_TABLE_CLUSTERS,
          "refcount table of " + Integer.toUnsignedString(clusters) + " clusters");
    }
    long bytes = (long) clusters << geometry.clusterBits();
    return table(Header.AT_REFCOUNT_TABLE_OFFSET, "the refcount table", clusters, bytes);
  }

  private TablePointer snapshots() throws IOException {
    int count = fields.getInt(Header.AT_SNAPSHOT_COUNT);
    if (count < 0 || count > Header.MAX_SNAPSHOTS) {
      throw corrupt(
          Header.AT_SNAPSHOT_COUNT, Integer.toUnsignedString(count) + " internal snapshots");
    }
    long leastBytes = (long) count * SnapshotEntry.MIN_BYTES;
    return table(Header.AT_SNAPSHOT_OFFSET, "the snapshot table", count, leastBytes);
  }

  private TablePointer table(int field, String what, int count, long bytes) throws IOException {
    long offset = fields.getLong(field);
    boolean nowhere = offset == 0 && count > 0 && !damaged;
    if (offset < 0 || offset > Long.MAX_VALUE - bytes || !geometry.isAligned(offset) || nowhere) {
      throw corrupt(field, what + " at " + Long.toUnsignedString(offset));
    }
    if (count > 0 && (offset > backedBytes() || bytes > backedBytes() - offset)) {
      throw truncated(offset, what);
    }
    return new TablePointer(new HostOffset(offset), count);
  }

  /** What may be taken to lie in the file; what does not reads as zeroes. */
  private long backedBytes() {
    return damaged ? Long.MAX_VALUE : fileBytes;
  }

  /** The snapshot table's length is known only entry by entry; what is certain of it counts. */
  private void checkDisjoint(TablePointer l1, TablePointer refcounts, TablePointer snapshots)
      throws IOException {
    long[][] ranges = {
      {l1.offset().bytes(), geometry.clusters(8L * l1.count())},
      {refcounts.offset().bytes(), refcounts.count()},
      {
        snapshots.offset().bytes(),
        geometry.clusters((long) snapshots.count() * SnapshotEntry.MIN_BYTES)
      }
    };
    for (int a = 0; a < ranges.length; a++) {
      for (int b = a + 1; b < ranges.length; b++) {
        long aEnd = ranges[a][0] + (ranges[a][1] << geometry.clusterBits());
        long bEnd = ranges[b][0] + (ranges[b][1] << geometry.clusterBits());
        if (ranges[a][1] > 0 && ranges[b][1] > 0 && ranges[a][0] < bEnd && ranges[b][0] < aEnd) {
          throw corrupt(
              Math.max(ranges[a][0], ranges[b][0]),
              "two of the L1, refcount and snapshot tables overlap");
        }
      }
    }
  }

  private Qcow2Exception corrupt(long offset, String what) {
    return new Qcow2Exception(Code.CORRUPT, file.name(), offset, "corrupt: " + what, CHECK_HINT);
  }

  private Qcow2Exception truncated(long offset, String what) {
    return new Qcow2Exception(
        Code.TRUNCATED,
        file.name(),
        offset,
        "truncated: the file ends at byte " + fileBytes + ", inside " + what,
        "restore it from a complete copy");
  }

  private Qcow2Exception unsupported(long offset, String what, String hint) {
    return new Qcow2Exception(
        Code.UNSUPPORTED,
        file.name(),
        offset,
        "not supported: " + what,
        hint.isEmpty() ? "open it with the program that made it" : hint);
  }
}
