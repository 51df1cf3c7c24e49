package dev.drover.qcow2.format;

import dev.drover.qcow2.io.BlockFile;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What a replica knows about itself, in one sector.
 *
 * <pre>
 *    0    4  magic "DRVS"
 *    4    2  version, 1
 *    6    2  flags: bit 0 clean; others 0
 *    8    8  generation
 *   16    8  window: generation
 *   24    8  window: first cluster
 *   32    8  window: clusters, 0 for no window
 *   40    2  length of the payload
 *   42    6  zeroes
 *   48  400  payload, padded with zeroes
 *  448   60  zeroes
 *  508    4  CRC32C of bytes 0 to 507
 *  512
 * </pre>
 *
 * @param generation rises by one with every slot written
 * @param clean refcounts are exact: nothing is set aside and nothing waits to be freed
 * @param window clusters set aside for coming allocations
 * @param payload opaque here; the array is shared, nobody may change it
 */
public record PositionSlot(
    long generation, boolean clean, Optional<Window> window, byte[] payload) {

  /**
   * A span of clusters whose free ones are set aside.
   *
   * @param generation of the slot that announced the span
   */
  public record Window(long generation, long firstCluster, long clusters) {
    public Window {
      if (firstCluster < 0 || clusters <= 0) {
        throw new IllegalArgumentException("window of " + clusters + " at " + firstCluster);
      }
    }
  }

  /** The slot's size: a sector, which a device writes whole or not at all. */
  public static final int BYTES = BlockFile.SECTOR_BYTES;

  public static final int MAX_PAYLOAD_BYTES = 400;

  static final int MAGIC = 0x44525653;
  static final int VERSION = 1;

  private static final int FLAG_CLEAN = 1;
  private static final int AT_PAYLOAD = 48;
  private static final int AT_CRC = BYTES - 4;

  public PositionSlot {
    if (generation < 0) {
      throw new IllegalArgumentException("generation " + generation);
    }
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("payload of " + payload.length + " bytes");
    }
  }

  public ByteBuffer encode() {
    ByteBuffer slot = ByteBuffer.allocate(BYTES);
    slot.putInt(MAGIC).putShort((short) VERSION).putShort((short) (clean ? FLAG_CLEAN : 0));
    slot.putLong(generation);
    slot.putLong(window.map(Window::generation).orElse(0L));
    slot.putLong(window.map(Window::firstCluster).orElse(0L));
    slot.putLong(window.map(Window::clusters).orElse(0L));
    slot.putShort((short) payload.length);
    slot.put(AT_PAYLOAD, payload);
    slot.putInt(AT_CRC, crc(slot.array(), 0));
    return slot.clear();
  }

  /** The slot at {@code at}, unless those bytes are no whole, undamaged slot. */
  static Optional<PositionSlot> decode(byte[] bytes, int at) {
    ByteBuffer slot = ByteBuffer.wrap(bytes, at, BYTES).slice();
    if (slot.getInt(0) != MAGIC
        || slot.getShort(4) != VERSION
        || slot.getInt(AT_CRC) != crc(bytes, at)) {
      return Optional.empty();
    }
    int flags = slot.getShort(6);
    int length = slot.getShort(40) & 0xFFFF;
    long generation = slot.getLong(8);
    long first = slot.getLong(24);
    long clusters = slot.getLong(32);
    if (generation < 0
        || (flags & ~FLAG_CLEAN) != 0
        || length > MAX_PAYLOAD_BYTES
        || first < 0
        || clusters < 0) {
      return Optional.empty();
    }
    int payloadAt = at + AT_PAYLOAD;
    return Optional.of(
        new PositionSlot(
            generation,
            (flags & FLAG_CLEAN) != 0,
            clusters == 0
                ? Optional.empty()
                : Optional.of(new Window(slot.getLong(16), first, clusters)),
            Arrays.copyOfRange(bytes, payloadAt, payloadAt + length)));
  }

  private static int crc(byte[] bytes, int at) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, at, AT_CRC);
    return (int) crc.getValue();
  }
}
