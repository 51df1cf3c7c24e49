package dev.drover.qcow2.format;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The header of an image, with everything between it and the end of cluster 0.
 *
 * <pre>
 *   0   4  magic "QFI\xfb"                  60   4  number of snapshots
 *   4   4  version, 2 or 3                  64   8  snapshot table offset
 *   8   8  backing file name offset         72      version 2: the header ends
 *  16   4  backing file name length         72   8  incompatible features
 *  20   4  cluster bits                     80   8  compatible features
 *  24   8  virtual size in bytes            88   8  autoclear features
 *  32   4  encryption method, 0             96   4  refcount order
 *  36   4  L1 entries                      100   4  header length
 *  40   8  L1 table offset                 104   1  compression type
 *  48   8  refcount table offset           105   7  zeroes
 *  56   4  refcount table clusters         112      further fields, kept as they are
 *
 *  header length:  extensions │ END │ backing file name │ … nothing else in cluster 0
 * </pre>
 *
 * <p>The fields are in the first sector, so {@link #encodeFields}, written at offset 0 in one
 * write, replaces all of them or none. Only {@link #encode} rewrites the extensions, and with them
 * the position slots.
 *
 * @param version of the format; V2 has no features and refcounts of 16 bits
 * @param virtualSize size of the guest's disk in bytes
 * @param l1 the active L1 table, counted in entries
 * @param refcountTable counted in clusters
 * @param snapshots counted in snapshots
 * @param fieldsTail the header's own bytes from 105 on; not to be changed
 * @param extensions all of them in the file's order, without END
 * @param backingName name of the backing file as the image has it, if it has one
 * @param backingAt where in cluster 0 that name stands, or {@link #BEHIND_EXTENSIONS}
 */
public record Header(
    FormatVersion version,
    Geometry geometry,
    long virtualSize,
    TablePointer l1,
    TablePointer refcountTable,
    TablePointer snapshots,
    Features features,
    Compression compression,
    byte[] fieldsTail,
    List<HeaderExtension> extensions,
    Optional<String> backingName,
    int backingAt) {

  /** No place of its own for the backing file name: it follows the extensions. */
  public static final int BEHIND_EXTENSIONS = 0;

  static final int MAGIC = 0x514649FB;

  static final int AT_VERSION = 4;
  static final int AT_BACKING_OFFSET = 8;
  static final int AT_BACKING_SIZE = 16;
  static final int AT_CLUSTER_BITS = 20;
  static final int AT_VIRTUAL_SIZE = 24;
  static final int AT_CRYPT = 32;
  static final int AT_L1_SIZE = 36;
  static final int AT_L1_OFFSET = 40;
  static final int AT_REFCOUNT_TABLE_OFFSET = 48;
  static final int AT_REFCOUNT_TABLE_CLUSTERS = 56;
  static final int AT_SNAPSHOT_COUNT = 60;
  static final int AT_SNAPSHOT_OFFSET = 64;
  static final int AT_INCOMPATIBLE = 72;
  static final int AT_COMPATIBLE = 80;
  static final int AT_AUTOCLEAR = 88;
  static final int AT_REFCOUNT_ORDER = 96;
  static final int AT_HEADER_LENGTH = 100;
  static final int AT_COMPRESSION = 104;
  static final int AT_TAIL = 105;

  /** Extensions that mean nothing without feature bits. */
  private static final Set<Integer> OF_VERSION_3 =
      Set.of(
          HeaderExtension.FEATURE_NAMES, HeaderExtension.BITMAPS, HeaderExtension.POSITION_SLOTS);

  /** The header of version 2. */
  static final int VERSION_2_BYTES = 72;

  /** Where {@link #encodeRefcountsAndSnapshots} belongs. */
  public static final int REFCOUNTS_AND_SNAPSHOTS_AT = AT_REFCOUNT_TABLE_OFFSET;

  /** Where {@link #encodeFeatures} belongs. */
  public static final int FEATURES_AT = AT_INCOMPATIBLE;

  /** The shortest version 3 header. */
  static final int MIN_BYTES = 104;

  /** The header that this program and current QEMU write. */
  static final int FIELD_BYTES = 112;

  static final int MAX_BACKING_NAME_BYTES = 1023;

  /** A snapshot table with more entries than this is refused, by QEMU too. */
  public static final int MAX_SNAPSHOTS = 65536;

  public Header {
    extensions = List.copyOf(extensions);
    if (version == FormatVersion.V2
        && (!features.equals(Features.NONE)
            || fieldsTail.length > 0
            || geometry.refcountOrder() != Geometry.DEFAULT_REFCOUNT_ORDER)) {
      throw new IllegalArgumentException(version + " cannot say " + features);
    }
  }

  /**
   * Reads and checks everything that the header claims: afterwards every table that it points at is
   * aligned, within the file, and no larger than QEMU allows.
   *
   * @throws dev.drover.qcow2.Qcow2Exception NOT_QCOW2, UNSUPPORTED, CORRUPT or TRUNCATED
   */
  public static Header read(BlockFile file) throws IOException {
    return new HeaderReader(file, false).read();
  }

  /**
   * Reads a header for somebody who looks for damage: tables may overlap, lie behind the end of the
   * file, or not be there. What the header itself cannot mean is refused here too.
   */
  public static Header readDamaged(BlockFile file) throws IOException {
    return new HeaderReader(file, true).read();
  }

  public int clusterBits() {
    return geometry.clusterBits();
  }

  public int clusterSize() {
    return geometry.clusterSize();
  }

  /** Whether there are feature bits, the dirty bit among them, and zero flags in L2 entries. */
  public boolean hasFeatures() {
    return version != FormatVersion.V2;
  }

  /** Bytes of the fields; extensions begin behind them. */
  public int headerLength() {
    if (!hasFeatures()) {
      return VERSION_2_BYTES;
    }
    return fieldsTail.length == 0 ? MIN_BYTES : AT_TAIL + fieldsTail.length;
  }

  /** The first extension of this type. */
  public Optional<HeaderExtension> extension(int type) {
    return extensions.stream().filter(extension -> extension.type() == type).findFirst();
  }

  /** Where in the file the data of an extension of this header begins. */
  public HostOffset dataOffset(HeaderExtension extension) {
    long at = headerLength();
    for (HeaderExtension each : extensions) {
      if (each == extension) {
        return new HostOffset(at + HeaderExtension.HEAD_BYTES);
      }
      at += each.fileBytes();
    }
    throw new IllegalArgumentException("not an extension of this header");
  }

  /** The recorded format of the backing file. */
  public Optional<String> backingFormat() {
    return extension(HeaderExtension.BACKING_FORMAT).map(HeaderExtension::text);
  }

  /** Name of the external data file, of an image that has one. */
  public Optional<String> dataFileName() {
    return features.hasDataFile()
        ? extension(HeaderExtension.EXTERNAL_DATA).map(HeaderExtension::text)
        : Optional.empty();
  }

  /** Bytes of cluster 0 that {@link #encode} takes. */
  public int encodedBytes() {
    return behindExtensions() + backingBytes().length;
  }

  /** The first byte behind the extensions and their END. */
  public int extensionsEnd() {
    return behindExtensions();
  }

  /** Where the backing file name stands. */
  public int backingNameAt() {
    return backingAt == BEHIND_EXTENSIONS ? behindExtensions() : backingAt;
  }

  private int behindExtensions() {
    int at = headerLength() + HeaderExtension.HEAD_BYTES;
    for (HeaderExtension extension : extensions) {
      at += extension.fileBytes();
    }
    return at;
  }

  /** Bytes of cluster 0 in use, wherever in it the backing file name stands. */
  public int usedBytes() {
    return backingName.isEmpty()
        ? behindExtensions()
        : Math.max(behindExtensions(), backingNameAt() + backingBytes().length);
  }

  private byte[] backingBytes() {
    return Utf8.encode(backingName.orElse(""));
  }

  /**
   * The fields alone: to be written at offset 0 in one write, for which they fit one sector. The
   * backing file name stays where it is.
   */
  public ByteBuffer encodeFields() {
    return encodeFields(backingNameAt());
  }

  private ByteBuffer encodeFields(int backingOffset) {
    ByteBuffer to = ByteBuffer.allocate(headerLength());
    byte[] backing = backingBytes();
    to.putInt(MAGIC).putInt(version.number());
    to.putLong(backing.length == 0 ? 0 : backingOffset).putInt(backing.length);
    to.putInt(clusterBits()).putLong(virtualSize).putInt(0);
    to.putInt(l1.count()).putLong(l1.offset().bytes());
    to.putLong(refcountTable.offset().bytes()).putInt(refcountTable.count());
    to.putInt(snapshots.count()).putLong(snapshots.offset().bytes());
    if (!hasFeatures()) {
      return to.flip();
    }
    to.putLong(features.incompatible()).putLong(features.compatible());
    to.putLong(features.autoclear());
    to.putInt(geometry.refcountOrder()).putInt(headerLength());
    if (fieldsTail.length > 0) {
      to.put((byte) compression.ordinal()).put(fieldsTail);
    }
    return to.flip();
  }

  /** The pointers to the refcount table and the snapshot table alone, neighbours in one sector. */
  public ByteBuffer encodeRefcountsAndSnapshots() {
    return encodeFields()
        .slice(AT_REFCOUNT_TABLE_OFFSET, AT_INCOMPATIBLE - AT_REFCOUNT_TABLE_OFFSET);
  }

  /** The feature bits alone; only of an image that has them. */
  public ByteBuffer encodeFeatures() {
    return encodeFields().slice(AT_INCOMPATIBLE, AT_REFCOUNT_ORDER - AT_INCOMPATIBLE);
  }

  /** Fields, extensions, END and the backing file name behind them; fits cluster 0. */
  public ByteBuffer encode() {
    int bytes = encodedBytes();
    if (bytes > clusterSize()) {
      throw new IllegalStateException("a header of " + bytes + " bytes exceeds cluster 0");
    }
    ByteBuffer to = ByteBuffer.allocate(bytes);
    to.put(encodeFields(behindExtensions()));
    extensions.forEach(extension -> extension.encode(to));
    new HeaderExtension(HeaderExtension.END, new byte[0]).encode(to);
    return to.put(backingBytes()).flip();
  }

  public Header withVirtualSize(long bytes) {
    return with(bytes, l1, refcountTable, snapshots, features);
  }

  public Header withL1(TablePointer table) {
    return with(virtualSize, table, refcountTable, snapshots, features);
  }

  public Header withRefcountTable(TablePointer table) {
    return with(virtualSize, l1, table, snapshots, features);
  }

  public Header withSnapshots(TablePointer table) {
    return with(virtualSize, l1, refcountTable, table, features);
  }

  public Header withFeatures(Features bits) {
    return with(virtualSize, l1, refcountTable, snapshots, bits);
  }

  private Header with(
      long bytes, TablePointer table, TablePointer counts, TablePointer snaps, Features bits) {
    return new Header(
        version,
        geometry,
        bytes,
        table,
        counts,
        snaps,
        bits,
        compression,
        fieldsTail,
        extensions,
        backingName,
        backingAt);
  }

  /**
   * With an extension replaced in its place, or added behind the others; the backing file name
   * moves behind them all.
   */
  public Header withExtension(HeaderExtension extension) {
    List<HeaderExtension> all = new ArrayList<>(extensions);
    all.replaceAll(old -> old.type() == extension.type() ? extension : old);
    if (!all.contains(extension)) {
      all.add(extension);
    }
    return withExtensions(all, BEHIND_EXTENSIONS);
  }

  /**
   * With other extensions, and the backing file name somewhere else.
   *
   * @param backingNameAt place of the name in cluster 0, or {@link #BEHIND_EXTENSIONS}
   */
  public Header withExtensions(List<HeaderExtension> all, int backingNameAt) {
    return withTail(fieldsTail, all, backingName, backingNameAt);
  }

  /**
   * The same image in another version. Version 3 says what its feature bits mean; version 2 has
   * neither those bits nor anything that depends on them.
   */
  public Header withVersion(FormatVersion wanted) {
    if (wanted == version) {
      return this;
    }
    boolean v3 = wanted == FormatVersion.V3;
    List<HeaderExtension> all = new ArrayList<>(extensions);
    all.removeIf(old -> OF_VERSION_3.contains(old.type()));
    if (v3 && clusterSize() >= PositionSlots.MIN_CLUSTER_BYTES) {
      all.add(HeaderExtension.featureNames());
    }
    return new Header(
        wanted,
        geometry,
        virtualSize,
        l1,
        refcountTable,
        snapshots,
        Features.NONE,
        Compression.ZLIB,
        new byte[v3 ? FIELD_BYTES - AT_TAIL : 0],
        all,
        backingName,
        BEHIND_EXTENSIONS);
  }

  /** With refcounts of another width, in another table. */
  public Header withRefcounts(TablePointer table, Geometry widths) {
    return new Header(
        version,
        widths,
        virtualSize,
        l1,
        table,
        snapshots,
        features,
        compression,
        fieldsTail,
        extensions,
        backingName,
        backingAt);
  }

  /** Names another backing file, or none; its format comes first, where QEMU has it too. */
  public Header withBacking(Optional<BackingReference> reference) {
    List<HeaderExtension> all = new ArrayList<>(extensions);
    all.removeIf(old -> old.type() == HeaderExtension.BACKING_FORMAT);
    reference
        .flatMap(BackingReference::format)
        .map(format -> HeaderExtension.ofText(HeaderExtension.BACKING_FORMAT, format))
        .ifPresent(all::addFirst);
    return withTail(fieldsTail, all, reference.map(BackingReference::name), BEHIND_EXTENSIONS);
  }

  /** With the backing file name at a place of its own in cluster 0. */
  public Header withBackingAt(int place) {
    return withTail(fieldsTail, extensions, backingName, place);
  }

  /**
   * The same header with its extensions, and the backing file name behind them, further down in
   * cluster 0. What is in front of them counts as fields that nobody knows. Not in version 2.
   *
   * @param place of the first extension, a multiple of 8
   * @param cluster0 as it is, up to that place at least
   */
  public Header withExtensionsAt(int place, byte[] cluster0) {
    byte[] tail = Arrays.copyOfRange(cluster0, AT_TAIL, place);
    return withTail(tail, extensions, backingName, BEHIND_EXTENSIONS);
  }

  private Header withTail(
      byte[] tail, List<HeaderExtension> all, Optional<String> name, int nameAt) {
    return new Header(
        version,
        geometry,
        virtualSize,
        l1,
        refcountTable,
        snapshots,
        features,
        compression,
        tail,
        all,
        name,
        nameAt);
  }
}
