package dev.drover.applier;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * Walks a qcow2 file by the specification alone, sharing no code with what is judged: which
 * clusters the active and the snapshots' tables reference, and what their refcounts say.
 */
public final class ImageWalk {

  private static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;
  private static final long COMPRESSED = 1L << 62;

  private final BlockFile file;
  private final int clusterBits;
  private final int refcountBits;
  private final long refcountTable;
  private final Map<Long, Integer> dataReferences = new HashMap<>();
  private final Map<Long, Integer> tableReferences = new HashMap<>();

  private ImageWalk(BlockFile file) throws IOException {
    this.file = file;
    ByteBuffer header = read(0, 104);
    if (header.getInt(0) != 0x514649fb || header.getInt(4) != 3) {
      throw new IOException("not a qcow2 image of version 3");
    }
    clusterBits = header.getInt(20);
    refcountTable = header.getLong(48);
    refcountBits = 1 << header.getInt(96);
    if (refcountBits != 16) {
      throw new IOException("refcounts of " + refcountBits + " bits");
    }
    walkL1(header.getLong(40), header.getInt(36));
    long at = header.getLong(64);
    for (int i = 0; i < header.getInt(60); i++) {
      ByteBuffer entry = read(at, 40);
      walkL1(entry.getLong(0), entry.getInt(8));
      long length = 40L + entry.getInt(36) + entry.getShort(12) + entry.getShort(14);
      at += (length + 7) & ~7L;
    }
  }

  public static ImageWalk of(BlockFile file) throws IOException {
    return new ImageWalk(file);
  }

  private void walkL1(long table, int entries) throws IOException {
    ByteBuffer l1 = read(table, entries * 8);
    for (int i = 0; i < entries; i++) {
      long l2 = l1.getLong(i * 8) & OFFSET_MASK;
      if (l2 != 0) {
        tableReferences.merge(l2 >>> clusterBits, 1, Integer::sum);
        walkL2(l2);
      }
    }
  }

  private void walkL2(long table) throws IOException {
    ByteBuffer l2 = read(table, 1 << clusterBits);
    while (l2.hasRemaining()) {
      long entry = l2.getLong();
      if ((entry & COMPRESSED) != 0) {
        throw new IOException("a compressed cluster: not walked here");
      }
      if ((entry & OFFSET_MASK) != 0) {
        dataReferences.merge((entry & OFFSET_MASK) >>> clusterBits, 1, Integer::sum);
      }
    }
  }

  private ByteBuffer read(long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    file.read(bytes, offset);
    return bytes.flip();
  }

  /** How many L2 entries point at a cluster of the file. */
  public int l2References(long cluster) {
    return dataReferences.getOrDefault(cluster, 0);
  }

  /** How many L1 and L2 entries point at it. */
  public int references(long cluster) {
    return l2References(cluster) + tableReferences.getOrDefault(cluster, 0);
  }

  /** What the refcount structures say of it. */
  public int refcount(long cluster) throws IOException {
    long perBlock = (1L << clusterBits) * 8 / refcountBits;
    long block = read(refcountTable + cluster / perBlock * 8, 8).getLong(0) & ~511L;
    return block == 0 ? 0 : read(block + cluster % perBlock * 2, 2).getShort(0) & 0xffff;
  }

  /** Clusters of an extent, by number. */
  public long[] clusters(ClusterExtent extent) {
    long first = extent.start().bytes() >>> clusterBits;
    long[] numbers = new long[(int) extent.clusters()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = first + i;
    }
    return numbers;
  }
}
