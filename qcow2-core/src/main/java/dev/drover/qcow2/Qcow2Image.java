package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;

/**
 * A plain qcow2 image: what {@code image io}, import, compare and verify use. It shares the write
 * path with {@code ReplicaImage}; only the position slot is missing.
 *
 * <p><b>Threads.</b> {@link #read} and {@link #map} may be called by any thread; calls that write
 * exclude one another. Nothing is durable before {@link #flush()} returned.
 *
 * <p><b>After an IOException</b> from a writing call the range holds old or new bytes, clusters set
 * aside for it are given back by the next flush or close, and the call may be repeated. After a
 * failed flush everything since the last good one is written again by the next.
 */
public final class Qcow2Image implements AutoCloseable {

  private Qcow2Image() {}

  /**
   * Opens an image.
   *
   * @throws Qcow2Exception NOT_QCOW2, UNSUPPORTED (by name), CORRUPT
   */
  public static Qcow2Image open(BlockFile file, boolean readOnly) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The virtual disk's size. */
  public long virtualSizeBytes() {
    throw new UnsupportedOperationException();
  }

  /** The cluster size. */
  public int clusterSizeBytes() {
    throw new UnsupportedOperationException();
  }

  /** Reads guest bytes into the whole of {@code destination}. */
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Writes all of {@code source}. */
  public void write(GuestOffset offset, ByteBuffer source) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Makes the range read as zeroes; with {@code mayUnmap} whole clusters give their space back. */
  public void writeZeroes(GuestOffset offset, long length, boolean mayUnmap) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Gives the space of whole clusters in the range back; it reads as zeroes afterwards. */
  public void discard(GuestOffset offset, long length) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Makes everything written so far durable. */
  public void flush() throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The image's snapshots, in table order. */
  public List<SnapshotInfo> snapshots() {
    throw new UnsupportedOperationException();
  }

  /** Takes an internal snapshot of the content as it is now; durable on return. */
  public void createSnapshot(SnapshotSpec spec) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** A read-only view of a snapshot, by name or id; it lives as long as this image. */
  public Qcow2Image openSnapshot(String nameOrId) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The extents from {@code from} to the end of the disk, merged, in order, gap-free. */
  public Iterator<GuestExtent> map(GuestOffset from) {
    throw new UnsupportedOperationException();
  }

  /** Flushes, gives back what is set aside, marks the image clean and closes the file. */
  @Override
  public void close() throws IOException {
    throw new UnsupportedOperationException();
  }
}
