package dev.drover.qcow2.sim;

import static dev.drover.qcow2.io.BlockFile.SECTOR_BYTES;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Sparse content in 512-byte sectors that are never changed in place, so that a copy shares them:
 * crash states of a small image cost a few pointers each. A missing sector is zeroes. Bytes behind
 * {@link #length} are always zeroes.
 */
final class Sectors {

  private static final int LEAF_BITS = 8;
  private static final int LEAF_SECTORS = 1 << LEAF_BITS;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte[] ZEROES = new byte[SECTOR_BYTES];

  private byte[][][] leaves;
  private long length;

  Sectors() {
    leaves = new byte[1][][];
  }

  Sectors(Sectors other) {
    leaves = new byte[other.leaves.length][][];
    for (int i = 0; i < leaves.length; i++) {
      leaves[i] = other.leaves[i] == null ? null : other.leaves[i].clone();
    }
    length = other.length;
  }

  long length() {
    return length;
  }

  /** Cuts or extends; what is cut off is zeroes if the length grows again. */
  void setLength(long bytes) {
    if (bytes < length) {
      long partial = bytes % SECTOR_BYTES;
      long sector = bytes / SECTOR_BYTES;
      if (partial != 0) {
        set(sector, Arrays.copyOf(Arrays.copyOf(get(sector), (int) partial), SECTOR_BYTES));
        sector++;
      }
      clearFrom(sector);
    }
    length = bytes;
  }

  private void clearFrom(long sector) {
    for (int leaf = (int) (sector >>> LEAF_BITS); leaf < leaves.length; leaf++) {
      int first = leaf == sector >>> LEAF_BITS ? (int) (sector & (LEAF_SECTORS - 1)) : 0;
      if (leaves[leaf] != null) {
        Arrays.fill(leaves[leaf], first, LEAF_SECTORS, null);
      }
    }
  }

  /** The sector's bytes, not to be changed. */
  byte[] get(long sector) {
    long leaf = sector >>> LEAF_BITS;
    byte[][] sectors = leaf < leaves.length ? leaves[(int) leaf] : null;
    byte[] bytes = sectors == null ? null : sectors[(int) sector & (LEAF_SECTORS - 1)];
    return bytes == null ? ZEROES : bytes;
  }

  /** Keeps {@code bytes} itself, which nobody may change from now on. */
  void set(long sector, byte[] bytes) {
    int leaf = Math.toIntExact(sector >>> LEAF_BITS);
    if (leaf >= leaves.length) {
      leaves = Arrays.copyOf(leaves, Math.max(leaf + 1, 2 * leaves.length));
    }
    if (leaves[leaf] == null) {
      leaves[leaf] = new byte[LEAF_SECTORS][];
    }
    leaves[leaf][(int) sector & (LEAF_SECTORS - 1)] = bytes;
  }

  /** A sum over the sectors below {@code end}, but the ones left out; zeroes count nothing. */
  long hash(long end, LongPredicate leftOut) {
    long hash = 0;
    for (int leaf = 0; leaf < leaves.length; leaf++) {
      for (int i = 0; leaves[leaf] != null && i < LEAF_SECTORS; i++) {
        long sector = ((long) leaf << LEAF_BITS) + i;
        byte[] bytes = leaves[leaf][i];
        if (bytes != null && sector * SECTOR_BYTES < end && !leftOut.test(sector)) {
          hash += hash(sector, bytes);
        }
      }
    }
    return hash;
  }

  /** Of a sector at its place; 0 for zeroes. */
  static long hash(long sector, byte[] bytes) {
    long hash = 0;
    long any = 0;
    for (int i = 0; i < SECTOR_BYTES; i += Long.BYTES) {
      long word = (long) LONGS.get(bytes, i);
      any |= word;
      hash = (hash ^ word) * 0x9FB21C651E98DF25L;
      hash ^= hash >>> 32;
    }
    if (any == 0) {
      return 0;
    }
    hash = (hash + sector) * 0xD6E8FEB86659FD93L;
    return hash ^ hash >>> 32;
  }

  void read(ByteBuffer dst, long offset) {
    long at = offset;
    while (dst.hasRemaining()) {
      int within = (int) (at % SECTOR_BYTES);
      int n = Math.min(dst.remaining(), SECTOR_BYTES - within);
      dst.put(get(at / SECTOR_BYTES), within, n);
      at += n;
    }
  }

  /** What a sector becomes when {@code n} bytes of {@code src} are written into it. */
  byte[] merged(long sector, int within, ByteBuffer src, int n) {
    byte[] bytes = n == SECTOR_BYTES ? new byte[SECTOR_BYTES] : get(sector).clone();
    src.get(bytes, within, n);
    return bytes;
  }

  /** Equal content and length. */
  boolean sameAs(Sectors other) {
    if (length != other.length) {
      return false;
    }
    int most = Math.max(leaves.length, other.leaves.length);
    for (long sector = 0; sector < (long) most << LEAF_BITS; sector++) {
      if ((sector >>> LEAF_BITS) >= leaves.length || leaves[(int) (sector >>> LEAF_BITS)] == null) {
        if ((sector >>> LEAF_BITS) >= other.leaves.length
            || other.leaves[(int) (sector >>> LEAF_BITS)] == null) {
          sector |= LEAF_SECTORS - 1;
          continue;
        }
      }
      if (!Arrays.equals(get(sector), other.get(sector))) {
        return false;
      }
    }
    return true;
  }

  void grow(long bytes) {
    length = Math.max(length, bytes);
  }
}
