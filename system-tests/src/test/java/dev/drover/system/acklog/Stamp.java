package dev.drover.system.acklog;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * What a write puts into a sector: its number, the sector's, and bytes that follow from both, so
 * that a torn, misplaced or foreign sector is told apart from every write's.
 *
 * <pre>
 *   0  u64  number of the write, 1 or more
 *   8  u64  number of the sector
 *  16  62 × u64 of a generator seeded with both
 * 512
 * </pre>
 */
final class Stamp {
  static final int SECTOR_BYTES = 512;

  /** The content of a sector that was zeroed, or never written. */
  static final long ZEROES = 0;

  /** The content of a sector that no write has put there. */
  static final long TORN = -1;

  private Stamp() {}

  static ByteBuffer fill(long write, long firstSector, int sectors) {
    ByteBuffer data = ByteBuffer.allocate(sectors * SECTOR_BYTES);
    for (int i = 0; i < sectors; i++) {
      put(data, write, firstSector + i);
    }
    return data.flip();
  }

  /** Which write the next sector of {@code data} is from. */
  static long read(ByteBuffer data, long sector) {
    ByteBuffer found = data.slice(data.position(), SECTOR_BYTES);
    data.position(data.position() + SECTOR_BYTES);
    long write = found.getLong(0);
    ByteBuffer expected = ByteBuffer.allocate(SECTOR_BYTES);
    if (write != ZEROES) {
      put(expected, write, sector);
      expected.flip();
    }
    return found.equals(expected) ? write : TORN;
  }

  private static void put(ByteBuffer out, long write, long sector) {
    SplittableRandom random = new SplittableRandom(write * 0x9e3779b97f4a7c15L + sector);
    out.putLong(write).putLong(sector);
    for (int i = 16; i < SECTOR_BYTES; i += 8) {
      out.putLong(random.nextLong());
    }
  }
}
