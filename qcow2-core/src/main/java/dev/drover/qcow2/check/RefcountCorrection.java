package dev.drover.qcow2.check;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.RefcountBlock;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Sets stored refcounts to counted ones, where they are. To be run on refcounts whose own structure
 * is sound.
 */
final class RefcountCorrection {

  private final BlockFile file;
  private final Inspection found;
  private final Geometry geometry;
  private final boolean raises;
  private final ByteBuffer bytes;
  private final RefcountBlock block;
  private long blockOffset;

  /**
   * @param raises also where they are too low
   */
  RefcountCorrection(Inspection found, boolean raises) {
    this.file = found.file();
    this.found = found;
    this.geometry = found.geometry();
    this.raises = raises;
    this.bytes = ByteBuffer.allocate(geometry.clusterSize());
    this.block = new RefcountBlock(bytes, geometry);
  }

  /** Durable on return. */
  void run() throws IOException {
    boolean lowers = found.counted().isComplete();
    found
        .stored()
        .compare(
            found.counted(),
            new StoredRefcounts.Visitor() {
              @Override
              public void differs(long cluster, long stored, long references) throws IOException {
                if (stored > references ? lowers : raises) {
                  set(cluster, references);
                }
              }

              @Override
              public void unreadable(long firstCluster, long clusters) {}
            });
    writeBlock();
    file.sync();
  }

  /** Corrections of one block come together. */
  private void set(long cluster, long references) throws IOException {
    long offset = found.stored().blockOffset(cluster);
    if (offset != blockOffset) {
      writeBlock();
      file.read(bytes.clear(), offset);
      blockOffset = offset;
    }
    block.set(RefcountTable.blockIndex(cluster, geometry), references);
  }

  private void writeBlock() throws IOException {
    if (blockOffset != 0) {
      file.write(bytes.clear(), blockOffset);
    }
  }
}
