package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Walks a qcow2 file of version 3 by the specification alone, sharing no code with what it judges:
 * how often the header, the active and the snapshots' tables, the snapshot table and the refcount
 * structures and the bitmaps reference each cluster, and what its refcount says. With an external
 * data file no guest cluster references anything; each has its own place there, or none.
 *
 * <p>Keeps a small file in memory whole.
 */
public final class ImageWalk {

  private static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;
  private static final long COPIED = 1L << 63;
  private static final long COMPRESSED = 1L << 62;
  private static final long EXTERNAL = 4;
  private static final long EXTENDED_L2 = 16;
  private static final long WALKED = 1 | 2 | EXTERNAL | 8 | EXTENDED_L2;

  private final ByteBuffer image;
  private final boolean external;
  private final int clusterBits;
  private final int entryBytes;
  private final int refcountBits;
  private final long refcountTable;
  private final long refcountTableEntries;
  private final int[] references;
  private final int[] l2References;
  private final int[] activeReferences;
  private String damage;

  private ImageWalk(ByteBuffer image) throws IOException {
    this.image = image;
    if (image.getInt(0) != 0x514649fb || image.getInt(4) != 3) {
      throw new IOException("not a qcow2 image of version 3");
    }
    if ((image.getLong(72) & ~WALKED) != 0) {
      throw new IOException("features %x are not walked".formatted(image.getLong(72)));
    }
    external = (image.getLong(72) & EXTERNAL) != 0;
    clusterBits = image.getInt(20);
    entryBytes = (image.getLong(72) & EXTENDED_L2) == 0 ? 8 : 16;
    refcountBits = 1 << image.getInt(96);
    refcountTable = image.getLong(48);
    refcountTableEntries = (long) image.getInt(56) << clusterBits - 3;
    int clusters = (int) clustersFor(image.capacity());
    references = new int[clusters + 1]; // a compressed stream may reach behind the file's end
    l2References = new int[clusters + 1];
    activeReferences = new int[clusters + 1];
    reference("the header", 0, 1 << clusterBits);
    walkL1(image.getLong(40), image.getInt(36), true);
    walkSnapshots(image.getLong(64), image.getInt(60));
    walkBitmaps();
    walkRefcounts();
  }

  public static ImageWalk of(BlockFile file) throws IOException {
    ByteBuffer image = ByteBuffer.allocate(Math.toIntExact(Math.max(512, file.length())));
    file.read(image, 0);
    return new ImageWalk(image);
  }

  private long clustersFor(long bytes) {
    return (bytes >>> clusterBits) + ((bytes & (1L << clusterBits) - 1) == 0 ? 0 : 1);
  }

  private void walkSnapshots(long table, int count) {
    long at = table;
    for (int i = 0; i < count && isInFile("a snapshot", at, 40); i++) {
      int entry = (int) at;
      walkL1(image.getLong(entry), image.getInt(entry + 8), false);
      int lengths =
          image.getInt(entry + 36) + image.getShort(entry + 12) + image.getShort(entry + 14);
      at += (40 + lengths + 7) & ~7;
    }
    reference("the snapshot table", table, at - table);
  }

  private void walkL1(long table, int entries, boolean active) {
    reference("an L1 table", table, entries * 8L);
    for (int i = 0; i < entries && isInFile("an L1 table", table, entries * 8L); i++) {
      long l2 = image.getLong((int) table + i * 8) & OFFSET_MASK;
      if (l2 != 0) {
        reference("an L2 table", l2, 1L << clusterBits);
        note(active ? activeReferences : null, l2);
        walkL2(l2, i * ((1L << 2 * clusterBits) / entryBytes), active);
      }
    }
  }

  private void walkL2(long table, long guest, boolean active) {
    if (!isInFile("an L2 table", table, 1L << clusterBits)) {
      return;
    }
    for (int at = (int) table; at < table + (1L << clusterBits); at += entryBytes) {
      long entry = image.getLong(at);
      long offset = entry & OFFSET_MASK;
      if (entryBytes == 16 && !(external && (entry & COPIED) != 0)) {
        walkSubclusters(entry, image.getLong(at + 8));
      }
      if (external) {
        long place = guest + ((at - table) / entryBytes << clusterBits);
        if ((entry & COMPRESSED) != 0 || offset != 0 && offset != place) {
          damaged("entry %016x in the place of guest offset %d".formatted(entry, place));
        }
      } else if ((entry & COMPRESSED) != 0) {
        walkCompressed(entry);
      } else if (offset != 0) {
        reference("a cluster of the guest", offset, 1L << clusterBits);
        note(l2References, offset);
        note(active ? activeReferences : null, offset);
      }
    }
  }

  /** No subcluster is allocated and zeroes, or allocated without a cluster of its own. */
  private void walkSubclusters(long entry, long bitmap) {
    boolean plain = (entry & (COMPRESSED | OFFSET_MASK)) != 0 && (entry & COMPRESSED) == 0;
    if ((entry & COMPRESSED) != 0 && bitmap != 0
        || (bitmap >>> 32 & bitmap) != 0
        || !plain && (int) bitmap != 0
        || (entry & (COMPRESSED | 1)) == 1) {
      damaged("L2 entry %016x with subclusters %016x".formatted(entry, bitmap));
    }
  }

  private void walkCompressed(long entry) {
    int offsetBits = 62 - (clusterBits - 8);
    long offset = entry & (1L << offsetBits) - 1;
    long sectors = ((entry & COMPRESSED - 1) >>> offsetBits) + 1;
    long end = (offset / 512 + sectors) * 512;
    for (long cluster = offset >>> clusterBits; cluster <= end - 1 >>> clusterBits; cluster++) {
      if (cluster >= references.length) {
        damaged("compressed data reaches beyond the end of the file at " + image.capacity());
        return;
      }
      references[(int) cluster]++;
      l2References[(int) cluster]++;
    }
  }

  private void walkBitmaps() {
    if ((image.getLong(88) & 1) == 0) {
      return;
    }
    int at = image.getInt(100);
    while (image.getInt(at) != 0x23852875) {
      if (image.getInt(at) == 0) {
        return;
      }
      at += 8 + (image.getInt(at + 4) + 7 & ~7);
    }
    long bytes = image.getLong(at + 16);
    long directory = image.getLong(at + 24);
    reference("the bitmap directory", directory, bytes);
    for (int entry = (int) directory; isInFile("a bitmap", entry, 24); ) {
      walkBitmap(image.getLong(entry), image.getInt(entry + 8));
      entry += 24 + image.getInt(entry + 20) + image.getShort(entry + 18) + 7 & ~7;
      if (entry >= directory + bytes) {
        return;
      }
    }
  }

  private void walkBitmap(long table, int entries) {
    reference("a bitmap table", table, entries * 8L);
    for (int i = 0; i < entries && isInFile("a bitmap table", table, entries * 8L); i++) {
      long bits = image.getLong((int) table + i * 8) & OFFSET_MASK;
      if (bits != 0) {
        reference("a bitmap", bits, 1L << clusterBits);
      }
    }
  }

  private void walkRefcounts() {
    reference("the refcount table", refcountTable, refcountTableEntries * 8);
    for (int i = 0; i < refcountTableEntries; i++) {
      long block = isInFile("the refcount table", refcountTable + i * 8L, 8) ? block(i) : 0;
      if (block != 0) {
        reference("a refcount block", block, 1L << clusterBits);
      }
    }
  }

  private long block(long number) {
    return image.getLong((int) (refcountTable + number * 8)) & ~511L;
  }

  private void reference(String what, long offset, long bytes) {
    if (bytes > 0 && isInFile(what, offset, bytes)) {
      for (long c = offset >>> clusterBits; c <= offset + bytes - 1 >>> clusterBits; c++) {
        references[(int) c]++;
      }
    }
  }

  private void note(int[] counts, long offset) {
    if (counts != null && offset < image.capacity()) {
      counts[(int) (offset >>> clusterBits)]++;
    }
  }

  /** The last cluster of a file may be there in part. */
  private boolean isInFile(String what, long offset, long bytes) {
    boolean inside = offset >= 0 && clustersFor(offset + bytes) <= clustersFor(image.capacity());
    if (!inside) {
      damaged(
          "%s at %d reaches beyond the end of the file at %d"
              .formatted(what, offset, image.capacity()));
    }
    return inside;
  }

  private void damaged(String what) {
    damage = damage == null ? what : damage;
  }

  /** How many L2 entries point at a cluster of the file. */
  public int l2References(long cluster) {
    return l2References[(int) cluster];
  }

  /** How many pointers of any kind lead to it. */
  public int references(long cluster) {
    return references[(int) cluster];
  }

  /** What the refcount structures say of it. */
  public long refcount(long cluster) {
    long perBlock = (8L << clusterBits) / refcountBits;
    long number = cluster / perBlock;
    long block = number < refcountTableEntries ? block(number) : 0;
    if (block == 0 || block >= image.capacity()) {
      return 0;
    }
    long bit = cluster % perBlock * refcountBits;
    int at = (int) (block + bit / 8);
    return switch (refcountBits) {
      case 8 -> image.get(at) & 0xffL;
      case 16 -> image.getShort(at) & 0xffffL;
      case 32 -> image.getInt(at) & 0xffff_ffffL;
      case 64 -> image.getLong(at);
      default -> (image.get(at) & 0xff) >>> bit % 8 & (1 << refcountBits) - 1;
    };
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

  /** Whether the image says that refcounts may be too high. */
  boolean isDirty() {
    return (image.getLong(72) & 1) != 0;
  }

  /** What no power cut may leave; empty if there is none. */
  Optional<String> corruption() {
    if (damage != null) {
      return Optional.of(damage);
    }
    for (int cluster = 0; cluster < references.length; cluster++) {
      if (references[cluster] > 0 && refcount(cluster) < references[cluster]) {
        return Optional.of(
            "cluster %d has refcount %d and %d references"
                .formatted(cluster, refcount(cluster), references[cluster]));
      }
      if (activeReferences[cluster] > 1) {
        return Optional.of("cluster " + cluster + " is mapped twice");
      }
    }
    return Optional.empty();
  }

  /** What no image at rest has, a leak among it; empty if there is none. */
  Optional<String> inexactness() {
    Optional<String> worse = corruption();
    if (worse.isPresent()) {
      return worse;
    }
    for (int cluster = 0; cluster < references.length; cluster++) {
      if (refcount(cluster) != references[cluster]) {
        return Optional.of(
            "cluster %d has refcount %d and %d references"
                .formatted(cluster, refcount(cluster), references[cluster]));
      }
    }
    return wrongCopied();
  }

  private Optional<String> wrongCopied() {
    int l1 = (int) image.getLong(40);
    for (int i = 0; i < image.getInt(36); i++) {
      long entry = image.getLong(l1 + i * 8);
      int l2 = (int) (entry & OFFSET_MASK);
      if (l2 != 0 && isWrong(entry)) {
        return Optional.of("L1 entry %016x and its refcount disagree".formatted(entry));
      }
      for (int at = l2; l2 != 0 && at < l2 + (1 << clusterBits); at += entryBytes) {
        if (external ? isUnmarked(image.getLong(at)) : isWrong(image.getLong(at))) {
          return Optional.of(
              "L2 entry %016x and its refcount disagree".formatted(image.getLong(at)));
        }
      }
    }
    return Optional.empty();
  }

  /** What is in a data file has one owner. */
  private static boolean isUnmarked(long entry) {
    return (entry & OFFSET_MASK) != 0 && (entry & COPIED) == 0;
  }

  private boolean isWrong(long entry) {
    boolean copied = (entry & COPIED) != 0;
    long offset = entry & OFFSET_MASK;
    if ((entry & COMPRESSED) != 0) {
      return copied;
    }
    return offset == 0 ? copied : copied != (refcount(offset >>> clusterBits) == 1);
  }
}
