package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The header of a version 3 image, with everything between it and the end of cluster 0.
 *
 * <pre>
 *   0   4  magic "QFI\xfb"                  60   4  number of snapshots
 *   4   4  version, 3                       64   8  snapshot table offset
 *   8   8  backing file name offset         72   8  incompatible features
 *  16   4  backing file name length         80   8  compatible features
 *  20   4  cluster bits                     88   8  autoclear features
 *  24   8  virtual size in bytes            96   4  refcount order, 4 (16-bit counts)
 *  32   4  encryption method, 0            100   4  header length
 *  36   4  L1 entries                      104   1  compression type
 *  40   8  L1 table offset                 105   7  zeroes
 *  48   8  refcount table offset           112      further fields, kept as they are
 *  56   4  refcount table clusters
 *
 *  header length:  extensions │ END │ backing file name │ … nothing else in cluster 0
 * </pre>
 *
 * <p>The fields are in the first sector, so {@link #encodeFields}, written at offset 0 in one
 * write, replaces all of them or none. Only {@link #encode} rewrites the extensions, and with them
 * the position slots.
 *
 * @param clusterBits cluster size as a power of two
 * @param virtualSize size of the guest's disk in bytes
 * @param l1 the active L1 table, counted in entries
 * @param refcountTable counted in clusters
 * @param snapshots counted in snapshots
 * @param fieldsTail the header's own bytes from 105 on; not to be changed
 * @param extensions all of them in the file's order, without END
 * @param backingName name of the backing file as the image has it, if it has one
 */
public record Header(
    int clusterBits,
    long virtualSize,
    TablePointer l1,
    TablePointer refcountTable,
    TablePointer snapshots,
    Features features,
    Compression compression,
    byte[] fieldsTail,
    List<HeaderExtension> extensions,
    Optional<String> backingName) {

  static final int MAGIC = 0x514649FB;
  static final int VERSION = 3;
  static final int REFCOUNT_ORDER = 4;

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

  /** The shortest version 3 header. */
  static final int MIN_BYTES = 104;

  /** The header that this program and current QEMU write. */
  static final int FIELD_BYTES = 112;

  static final int MAX_BACKING_NAME_BYTES = 1023;

  /** A snapshot table with more entries than this is refused, by QEMU too. */
  public static final int MAX_SNAPSHOTS = 65536;

  public Header {
    extensions = List.copyOf(extensions);
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

  public Geometry geometry() {
    return new Geometry(clusterBits);
  }

  public int clusterSize() {
    return 1 << clusterBits;
  }

  /** Bytes of the fields; extensions begin behind them. */
  public int headerLength() {
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

  /** Bytes of cluster 0 in use. */
  public int encodedBytes() {
    return backingOffset() + backingBytes().length;
  }

  private int backingOffset() {
    int at = headerLength() + HeaderExtension.HEAD_BYTES;
    for (HeaderExtension extension : extensions) {
      at += extension.fileBytes();
    }
    return at;
  }

  private byte[] backingBytes() {
    return Utf8.encode(backingName.orElse(""));
  }

  /** The fields alone: to be written at offset 0 in one write, for which they fit one sector. */
  public ByteBuffer encodeFields() {
    ByteBuffer to = ByteBuffer.allocate(headerLength());
    byte[] backing = backingBytes();
    to.putInt(MAGIC).putInt(VERSION);
    to.putLong(backing.length == 0 ? 0 : backingOffset()).putInt(backing.length);
    to.putInt(clusterBits).putLong(virtualSize).putInt(0);
    to.putInt(l1.count()).putLong(l1.offset().bytes());
    to.putLong(refcountTable.offset().bytes()).putInt(refcountTable.count());
    to.putInt(snapshots.count()).putLong(snapshots.offset().bytes());
    to.putLong(features.incompatible()).putLong(features.compatible());
    to.putLong(features.autoclear());
    to.putInt(REFCOUNT_ORDER).putInt(headerLength());
    if (fieldsTail.length > 0) {
      to.put((byte) compression.ordinal()).put(fieldsTail);
    }
    return to.flip();
  }

  /** Fields, extensions, END and backing name; fits cluster 0. */
  public ByteBuffer encode() {
    int bytes = encodedBytes();
    if (bytes > clusterSize()) {
      throw new IllegalStateException("a header of " + bytes + " bytes exceeds cluster 0");
    }
    ByteBuffer to = ByteBuffer.allocate(bytes);
    to.put(encodeFields());
    extensions.forEach(extension -> extension.encode(to));
    new HeaderExtension(HeaderExtension.END, new byte[0]).encode(to);
    return to.put(backingBytes()).flip();
  }

  public Header withVirtualSize(long bytes) {
    return new Header(
        clusterBits,
        bytes,
        l1,
        refcountTable,
        snapshots,
        features,
        compression,
        fieldsTail,
        extensions,
        backingName);
  }

  public Header withL1(TablePointer table) {
    return new Header(
        clusterBits,
        virtualSize,
        table,
        refcountTable,
        snapshots,
        features,
        compression,
        fieldsTail,
        extensions,
        backingName);
  }

  public Header withRefcountTable(TablePointer table) {
    return new Header(
        clusterBits,
        virtualSize,
        l1,
        table,
        snapshots,
        features,
        compression,
        fieldsTail,
        extensions,
        backingName);
  }

  public Header withSnapshots(TablePointer table) {
    return new Header(
        clusterBits,
        virtualSize,
        l1,
        refcountTable,
        table,
        features,
        compression,
        fieldsTail,
        extensions,
        backingName);
  }

  public Header withFeatures(Features bits) {
    return new Header(
        clusterBits,
        virtualSize,
        l1,
        refcountTable,
        snapshots,
        bits,
        compression,
        fieldsTail,
        extensions,
        backingName);
  }

  /** With an extension replaced in its place, or added behind the others. */
  public Header withExtension(HeaderExtension extension) {
    List<HeaderExtension> all = new ArrayList<>(extensions);
    all.replaceAll(old -> old.type() == extension.type() ? extension : old);
    if (!all.contains(extension)) {
      all.add(extension);
    }
    return new Header(
        clusterBits,
        virtualSize,
        l1,
        refcountTable,
        snapshots,
        features,
        compression,
        fieldsTail,
        all,
        backingName);
  }
}
