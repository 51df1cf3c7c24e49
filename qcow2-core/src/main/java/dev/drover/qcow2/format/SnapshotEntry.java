package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * One internal snapshot in the snapshot table.
 *
 * <pre>
 *   0   8  L1 table offset                   40  extra data:
 *   8   4  L1 entries                            0   8  VM state bytes
 *  12   2  length of the id                      8   8  virtual size
 *  14   2  length of the name                   16   8  instruction count, −1 for none
 *  16   4  time: seconds since 1970             24      unknown to QEMU, kept by it
 *  20   4  time: nanoseconds                  …  id, name (no terminator)
 *  24   8  VM clock in nanoseconds            …  padding to a multiple of 8
 *  32   4  VM state bytes, if it fits
 *  36   4  length of the extra data, ≤ 1024
 * </pre>
 *
 * <p>Everything is kept as bytes, so that an entry of another program is written back unchanged.
 * The arrays are shared: nobody may change them.
 *
 * @param vmStateBytes32 the field at 32, which the one in the extra data overrides
 */
public record SnapshotEntry(
    TablePointer l1,
    long seconds,
    int nanos,
    long vmClockNanos,
    long vmStateBytes32,
    byte[] extra,
    byte[] id,
    byte[] name) {

  static final int MIN_BYTES = 40;

  /** QEMU refuses more. */
  public static final int MAX_EXTRA_BYTES = 1024;

  private static final int KNOWN_EXTRA_BYTES = 24;

  /** What {@link #of} can carry for its caller. */
  public static final int MAX_OWN_EXTRA_BYTES = MAX_EXTRA_BYTES - KNOWN_EXTRA_BYTES;

  /**
   * A snapshot of a disk without VM state.
   *
   * @param ownExtra extra data behind what QEMU knows, at most {@link #MAX_OWN_EXTRA_BYTES}
   */
  public static SnapshotEntry of(
      TablePointer l1,
      String id,
      String name,
      long seconds,
      int nanos,
      long virtualSize,
      byte[] ownExtra) {
    if (ownExtra.length > MAX_OWN_EXTRA_BYTES) {
      throw new IllegalArgumentException(ownExtra.length + " bytes of extra data");
    }
    ByteBuffer extra = ByteBuffer.allocate(KNOWN_EXTRA_BYTES + ownExtra.length);
    extra.putLong(0).putLong(virtualSize).putLong(-1).put(ownExtra);
    return new SnapshotEntry(
        l1, seconds, nanos, 0, 0, extra.array(), utf8(id, "id"), utf8(name, "name"));
  }

  private static byte[] utf8(String text, String what) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0xFFFF) {
      throw new IllegalArgumentException("snapshot " + what + " of " + bytes.length + " bytes");
    }
    return bytes;
  }

  public String idText() {
    return new String(id, StandardCharsets.UTF_8);
  }

  public String nameText() {
    return new String(name, StandardCharsets.UTF_8);
  }

  /** Size of the disk when the snapshot was taken; old programs did not record it. */
  public OptionalLong virtualSize() {
    return extraLong(8);
  }

  public long vmStateBytes() {
    return extraLong(0).orElse(vmStateBytes32);
  }

  /** Executed instructions of the machine whose state this is; empty if nobody counted. */
  public OptionalLong instructions() {
    OptionalLong stored = extraLong(16);
    return stored.orElse(-1) == -1 ? OptionalLong.empty() : stored;
  }

  private OptionalLong extraLong(int at) {
    return extra.length >= at + 8
        ? OptionalLong.of(ByteBuffer.wrap(extra).getLong(at))
        : OptionalLong.empty();
  }

  /** Extra data behind what QEMU knows. */
  public byte[] ownExtra() {
    return Arrays.copyOfRange(extra, Math.min(KNOWN_EXTRA_BYTES, extra.length), extra.length);
  }

  public SnapshotEntry withL1(TablePointer table) {
    return new SnapshotEntry(table, seconds, nanos, vmClockNanos, vmStateBytes32, extra, id, name);
  }

  /** With all extra data that QEMU knows; a size that nobody recorded is {@code diskBytes}. */
  public SnapshotEntry completed(long diskBytes) {
    if (extra.length >= KNOWN_EXTRA_BYTES) {
      return this;
    }
    ByteBuffer known = ByteBuffer.allocate(KNOWN_EXTRA_BYTES);
    known.putLong(vmStateBytes()).putLong(virtualSize().orElse(diskBytes)).putLong(-1);
    return new SnapshotEntry(
        l1, seconds, nanos, vmClockNanos, vmStateBytes32, known.array(), id, name);
  }

  /** Bytes in the table, padding included. */
  int encodedBytes() {
    return HeaderExtension.paddedBytes(MIN_BYTES + extra.length + id.length + name.length);
  }

  void encode(ByteBuffer to) {
    int end = to.position() + encodedBytes();
    to.putLong(l1.offset().bytes()).putInt(l1.count());
    to.putShort((short) id.length).putShort((short) name.length);
    to.putInt((int) seconds).putInt(nanos).putLong(vmClockNanos);
    to.putInt((int) vmStateBytes32).putInt(extra.length);
    to.put(extra).put(id).put(name);
    to.put(new byte[end - to.position()]);
  }

  /** The variable parts' lengths of an entry whose fixed part begins at {@code at}. */
  record Lengths(long extra, int id, int name) {

    static Lengths at(ByteBuffer fixed, int at) {
      return new Lengths(
          Integer.toUnsignedLong(fixed.getInt(at + 36)),
          fixed.getShort(at + 12) & 0xFFFF,
          fixed.getShort(at + 14) & 0xFFFF);
    }

    long unpaddedBytes() {
      return MIN_BYTES + extra + id + name;
    }
  }

  /** Reads an entry whose lengths were checked; leaves the position at the next one. */
  static SnapshotEntry decode(ByteBuffer from) {
    int at = from.position();
    Lengths lengths = Lengths.at(from, at);
    byte[] extra = new byte[(int) lengths.extra()];
    byte[] id = new byte[lengths.id()];
    byte[] name = new byte[lengths.name()];
    from.position(at + MIN_BYTES);
    from.get(extra).get(id).get(name);
    return new SnapshotEntry(
        new TablePointer(new HostOffset(from.getLong(at)), from.getInt(at + 8)),
        Integer.toUnsignedLong(from.getInt(at + 16)),
        from.getInt(at + 20),
        from.getLong(at + 24),
        Integer.toUnsignedLong(from.getInt(at + 32)),
        extra,
        id,
        name);
  }
}
