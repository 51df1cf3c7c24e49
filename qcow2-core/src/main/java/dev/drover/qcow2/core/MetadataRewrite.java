package dev.drover.qcow2.core;

import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Writes all tables back as they read: after a process whose last fdatasync failed, what the kernel
 * still shows may never have reached the disk, and only a new write gets it there (I-14).
 */
final class MetadataRewrite {

  private static final int PIECE_BYTES = 1 << 20;

  private final ImageCore core;
  private final Disk disk;
  private final Geometry geometry;

  /** L2 tables; snapshots share most of them. */
  private final Set<Long> rewritten = new HashSet<>();

  MetadataRewrite(ImageCore core) {
    this.core = core;
    this.disk = core.disk();
    this.geometry = core.geometry();
  }

  void run(List<SnapshotEntry> snapshots) throws IOException {
    Header header = core.header();
    disk.extendTo(disk.length()); // the length is metadata, too
    rewrite(0, geometry.clusterSize());
    TablePointer refcounts = header.refcountTable();
    rewrite(refcounts.offset().bytes(), (long) refcounts.count() << geometry.clusterBits());
    for (long block : core.refcounts().blocks()) {
      if (block != 0) {
        rewrite(block, geometry.clusterSize());
      }
    }
    tables(header.l1());
    for (SnapshotEntry snapshot : snapshots) {
      tables(snapshot.l1());
    }
    rewrite(header.snapshots().offset().bytes(), SnapshotTable.encodedBytes(snapshots));
    bitmaps(header);
    core.sync();
  }

  private void bitmaps(Header header) throws IOException {
    DiskView view = new DiskView(disk);
    Optional<BitmapDirectory> directory = BitmapDirectory.read(view, header);
    if (directory.isEmpty()) {
      return;
    }
    rewrite(directory.get().offset().bytes(), directory.get().bytes());
    for (BitmapDirectory.Bitmap bitmap : directory.get().bitmaps()) {
      rewrite(bitmap.table().offset().bytes(), 8L * bitmap.table().count());
      for (long entry : BitmapDirectory.readTable(view, header, bitmap)) {
        long offset = BitmapDirectory.offset(entry);
        if (offset != 0 && offset < disk.length() && rewritten.add(offset)) {
          rewrite(offset, geometry.clusterSize());
        }
      }
    }
  }

  private void tables(TablePointer l1) throws IOException {
    rewrite(l1.offset().bytes(), 8L * l1.count());
    for (long entry : core.mapping().readL1(l1)) {
      long offset = L1Entry.offset(entry);
      if (offset != 0 && offset < disk.length() && rewritten.add(offset)) {
        rewrite(offset, geometry.clusterSize());
      }
    }
  }

  /** Only what the file holds: nobody has looked yet whether a pointer is one. */
  private void rewrite(long offset, long length) throws IOException {
    long inFile = offset < 0 ? 0 : Math.min(length, disk.length() - offset);
    for (long done = 0; done < inFile; ) {
      byte[] piece = new byte[(int) Math.min(PIECE_BYTES, inFile - done)];
      disk.readTable(piece, offset + done);
      disk.writeTable(offset + done, ByteBuffer.wrap(piece));
      core.boundUnsynced();
      done += piece.length;
    }
  }
}
