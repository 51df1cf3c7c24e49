package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.function.LongConsumer;

/**
 * Copies the content of a disk, as a guest sees it, into an empty image. Holes and zeroes are not
 * read; among the bytes that are, long runs of zeroes become holes again. One thread.
 */
public final class DiskCopy {

  private static final int CHUNK_BYTES = 2 << 20;

  private final GuestDisk source;
  private final int sparseBytes;
  private final LongConsumer progress;

  /**
   * @param sparseBytes how many zero bytes in a row, at multiples of that, are left out; 0: nothing
   *     is, and zeroes are written too
   * @param progress told how many bytes of the disk are done
   */
  public DiskCopy(GuestDisk source, int sparseBytes, LongConsumer progress) {
    this.source = source;
    this.sparseBytes = sparseBytes;
    this.progress = progress;
  }

  /** Takes bytes of the copy. */
  @FunctionalInterface
  private interface Sink {
    void write(long offset, ByteBuffer bytes) throws IOException;
  }

  /** Into an empty file, durably; it gets the disk's size. */
  public void intoRaw(BlockFile file) throws IOException {
    file.setLength(source.virtualSizeBytes());
    run(sparseBytes, (offset, bytes) -> file.write(bytes, offset));
    file.sync();
  }

  /**
   * Into a new image of the same size without a backing file, durably.
   *
   * @param compressed cluster by cluster; zero clusters are left out whatever their size
   */
  public void into(Qcow2Image image, boolean compressed) throws IOException {
    if (compressed) {
      run(
          image.clusterSizeBytes(),
          (offset, bytes) -> image.writeCompressed(new GuestOffset(offset), bytes));
    } else {
      run(sparseBytes, (offset, bytes) -> image.write(new GuestOffset(offset), bytes));
    }
    image.flush();
  }

  private void run(int grain, Sink sink) throws IOException {
    if (grain == 0) {
      copy(0, source.virtualSizeBytes(), 0, sink);
      return;
    }
    try {
      long done = 0; // clusters of two images need not fit: a grain is copied once
      for (Iterator<HostExtent> map = HostMap.of(source, new GuestOffset(0), Long.MAX_VALUE);
          map.hasNext(); ) {
        HostExtent extent = map.next();
        long from = Math.max(done, extent.start().bytes() / grain * grain);
        long to = Math.min(source.virtualSizeBytes(), Math.ceilDiv(extent.end(), grain) * grain);
        if (!extent.isZero() && from < to) {
          copy(from, to, grain, sink);
          done = to;
        }
        progress.accept(extent.end());
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void copy(long from, long to, int grain, Sink sink) throws IOException {
    for (long at = from; at < to; ) {
      int n = (int) Math.min(CHUNK_BYTES, to - at);
      ByteBuffer bytes = ByteBuffer.allocate(n);
      source.read(new GuestOffset(at), bytes);
      writeNonZero(at, bytes.flip(), grain, sink);
      at += n;
      progress.accept(at);
    }
  }

  /** Runs of grains that are not all zero, each run in one write. */
  private static void writeNonZero(long offset, ByteBuffer bytes, int grain, Sink sink)
      throws IOException {
    int start = -1;
    int step = grain == 0 ? bytes.limit() : grain;
    for (int at = 0; at < bytes.limit(); at += step) {
      int end = Math.min(bytes.limit(), at + step);
      boolean skip = grain > 0 && ZeroBytes.areAll(bytes.slice(at, end - at));
      if (!skip && start < 0) {
        start = at;
      }
      if (start >= 0 && (skip || end == bytes.limit())) {
        int stop = skip ? at : end;
        sink.write(offset + start, bytes.slice(start, stop - start));
        start = -1;
      }
    }
  }
}
