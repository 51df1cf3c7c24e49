package dev.drover.qcow2.check;

import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.RefcountBlock;
import dev.drover.qcow2.format.RefcountTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Lowers refcounts that are too high, then corrects COPIED flags, then drops the dirty bit. To be
 * run only where references were counted completely and no refcount is too low.
 *
 * <p>Each step is durable before the next. Interrupted anywhere, what is left is at worst a leak: a
 * lowered refcount is right by itself, and COPIED is set only where the refcount is durably one.
 */
public final class LeakRepair {

  private final BlockFile file;
  private final Header header;
  private final ReferenceCount counted;

  public LeakRepair(BlockFile file, Header header, ReferenceCount counted) {
    this.file = file;
    this.header = header;
    this.counted = counted;
  }

  public void run() throws IOException {
    Features before = header.features();
    // As for any program that writes: what follows the image from outside must learn of it.
    Features opened = before.withKnownAutoclear();
    if (!opened.equals(before)) {
      writeFeatures(opened);
    }
    Lowering lowering = new Lowering();
    new StoredRefcounts(file, header).compare(counted, lowering);
    lowering.writeBlock();
    file.sync();
    CopiedFlags.check(
        file,
        header,
        counted::references,
        (entryAt, corrected, refcount) ->
            file.write(ByteBuffer.allocate(8).putLong(0, corrected), entryAt.bytes()));
    file.sync();
    if (opened.isDirty()) {
      writeFeatures(opened.withDirty(false));
    }
  }

  private void writeFeatures(Features features) throws IOException {
    file.write(header.withFeatures(features).encodeFields(), 0);
    file.sync();
  }

  /** Collects the corrections of one refcount block and writes them together. */
  private final class Lowering implements StoredRefcounts.Visitor {

    private final Geometry geometry = header.geometry();
    private final long[] table;
    private final ByteBuffer bytes = ByteBuffer.allocate(geometry.clusterSize());
    private final RefcountBlock block = new RefcountBlock(bytes, geometry);
    private long blockOffset;

    Lowering() throws IOException {
      table = RefcountTable.read(file, header);
    }

    @Override
    public void differs(long cluster, long stored, long references) throws IOException {
      if (stored < references) {
        throw new IllegalStateException("refcount of cluster " + cluster + " is too low");
      }
      long offset = RefcountTable.offset(table[(int) RefcountTable.tableIndex(cluster, geometry)]);
      if (offset != blockOffset) {
        writeBlock();
        file.read(bytes.clear(), offset);
        blockOffset = offset;
      }
      block.set(RefcountTable.blockIndex(cluster, geometry), references);
    }

    @Override
    public void unreadable(long firstCluster, long clusters) {
      throw new IllegalStateException("refcounts from cluster " + firstCluster + " unreadable");
    }

    void writeBlock() throws IOException {
      if (blockOffset != 0) {
        file.write(bytes.clear(), blockOffset);
      }
    }
  }
}
