package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.LongConsumer;

/**
 * Copies the content of a disk, as a guest sees it, into another. Holes and zeroes are not read;
 * among the bytes that are, long runs of zeroes become holes again.
 *
 * <p>Several threads may read, look for zeroes and compress at the same time; each has 2 MiB of the
 * disk in memory, and as they write in turn the result is the same as with one.
 *
 * <p>Into a compressed image, with four threads:
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="convert"}
 *
 * <p>Into a raw file, watched:
 *
 * {@snippet file="dev/drover/qcow2/example/ImageExamples.java" region="progress"}
 */
public final class DiskCopy {

  private static final int CHUNK_BYTES = 2 << 20;

  private final GuestDisk source;
  private final int sparseBytes;
  private final LongConsumer progress;
  private final int workers;
  private final boolean anyOrder;

  /**
   * @param sparseBytes how many zero bytes in a row, at multiples of that, are left out; 0: nothing
   *     is, and zeroes are written too
   * @param progress told how many bytes of the disk are done, by one thread at a time
   */
  public DiskCopy(GuestDisk source, int sparseBytes, LongConsumer progress) {
    this(source, sparseBytes, progress, 1, false);
  }

  private DiskCopy(
      GuestDisk source, int sparseBytes, LongConsumer progress, int workers, boolean anyOrder) {
    this.source = source;
    this.sparseBytes = sparseBytes;
    this.progress = progress;
    this.workers = workers;
    this.anyOrder = anyOrder;
  }

  /**
   * The same copy by several threads.
   *
   * @param threads at least 1
   * @param inAnyOrder lets them write as they come: the same disk, laid out by chance. A compressed
   *     copy is written in order all the same.
   */
  public DiskCopy withWorkers(int threads, boolean inAnyOrder) {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " workers");
    }
    return new DiskCopy(source, sparseBytes, progress, threads, inAnyOrder);
  }

  private DiskCopy inTurn() {
    return withWorkers(workers, false);
  }

  /** What becomes of the bytes of the copy. */
  private interface Sink {
    /** Any thread; what it returns is run when its turn has come. */
    CopyWorkers.Write data(long offset, ByteBuffer bytes) throws IOException;

    /** In its turn; nothing where all that is not written reads as zeroes. */
    default void zeroes(long offset, long length) throws IOException {}
  }

  /** Into an empty file, durably; it gets the disk's size. */
  public void intoRaw(BlockFile file) throws IOException {
    file.setLength(source.virtualSizeBytes());
    run(sparseBytes, sparseBytes, (offset, bytes) -> () -> file.write(bytes, offset));
    file.sync();
  }

  /**
   * Into a new image of the same size without a backing file, durably.
   *
   * @param compressed cluster by cluster; zero clusters are left out whatever their size
   */
  public void into(Qcow2Image image, boolean compressed) throws IOException {
    if (compressed) {
      inTurn().run(image.clusterSizeBytes(), image.clusterSizeBytes(), packed(image));
    } else {
      run(sparseBytes, sparseBytes, plain(image));
    }
    image.flush();
  }

  /**
   * Onto a disk that is there, over whatever it shows, durably; what it has behind the source's end
   * stays.
   *
   * @param target at least as large as the source
   * @param compressed of an image only
   * @param blank the target reads as zeroes all over: none are written
   */
  public void onto(WritableDisk target, boolean compressed, boolean blank) throws IOException {
    if (target.virtualSizeBytes() < source.virtualSizeBytes()) {
      throw new IllegalArgumentException("the target is smaller than the source");
    }
    Qcow2Image packing = compressed ? (Qcow2Image) target : null;
    Sink data = compressed ? packed(packing) : plain(target);
    Sink all =
        new Sink() {
          @Override
          public CopyWorkers.Write data(long offset, ByteBuffer bytes) throws IOException {
            return data.data(offset, bytes);
          }

          @Override
          public void zeroes(long offset, long length) throws IOException {
            if (!blank) {
              target.writeZeroes(new GuestOffset(offset), length, true);
            }
          }
        };
    if (compressed) {
      inTurn().run(packing.clusterSizeBytes(), packing.clusterSizeBytes(), all);
    } else {
      run(sparseBytes, 1, all);
    }
    target.flush();
  }

  /**
   * Into a new image over a backing disk, durably: what the source and that disk have in common is
   * left to it. One thread.
   *
   * @param image opened over {@code backing}
   */
  public void over(Qcow2Image image, GuestDisk backing, boolean compressed) throws IOException {
    DiskDifferences differences = new DiskDifferences(source, backing, image.clusterSizeBytes());
    try {
      differences.visit(0, source.virtualSizeBytes(), new Over(image, compressed));
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
    image.flush();
    progress.accept(source.virtualSizeBytes());
  }

  /** Takes what differs; compressed, by whole clusters. */
  private final class Over implements DiskDifferences.Visitor {
    private final Qcow2Image image;
    private final Sink packed;
    private final int cluster;
    private long packedTo;

    Over(Qcow2Image image, boolean compressed) throws IOException {
      this.image = image;
      this.packed = compressed ? packed(image) : null;
      this.cluster = image.clusterSizeBytes();
    }

    @Override
    public void data(long offset, ByteBuffer bytes) throws IOException {
      if (packed == null) {
        image.write(new GuestOffset(offset), bytes);
      } else {
        pack(offset, offset + bytes.remaining());
      }
      progress.accept(offset);
    }

    private void pack(long start, long end) throws IOException {
      long from = Math.max(packedTo, start / cluster * cluster);
      packedTo = Math.min(source.virtualSizeBytes(), Math.ceilDiv(end, cluster) * cluster);
      if (from < packedTo) {
        ByteBuffer whole = ByteBuffer.allocate((int) (packedTo - from));
        source.read(new GuestOffset(from), whole);
        packed.data(from, whole.flip()).run();
      }
    }

    @Override
    public void zeroes(long offset, long length) throws IOException {
      long from = Math.max(packedTo, offset);
      if (from < offset + length) {
        image.writeZeroes(new GuestOffset(from), offset + length - from, true);
      }
    }
  }

  private static Sink plain(WritableDisk target) {
    return (offset, bytes) -> () -> target.write(new GuestOffset(offset), bytes);
  }

  private static Sink packed(Qcow2Image image) throws IOException {
    ClusterPacking packing = image.packing();
    return (offset, bytes) -> {
      List<ClusterPacking.Packed> packed = packing.pack(new GuestOffset(offset), bytes);
      return () -> {
        for (ClusterPacking.Packed each : packed) {
          packing.write(each);
        }
      };
    };
  }

  /**
   * @param sparse runs of that many zeroes, at multiples of it, are zeroes and no data; 0: none are
   * @param grain pieces of data begin and end at multiples of this, or with the disk; at most 1: as
   *     the source has them
   */
  private void run(int sparse, int grain, Sink sink) throws IOException {
    new CopyWorkers(workers, anyOrder, new Pieces(sparse, Math.max(1, grain), sink)).run();
  }

  /** The source, cut at its extents and into chunks, ascending. */
  private final class Pieces implements Iterator<CopyWorkers.Piece> {
    private final int sparse;
    private final int grain;
    private final Sink sink;
    private final long size = source.virtualSizeBytes();
    private final Iterator<HostExtent> map;
    private long copied;

    /** Where the next piece begins, and where the range of its kind ends. */
    private long at;

    private long end;
    private boolean zero;

    /** Nothing below is copied again. */
    private long dataEnd;

    Pieces(int sparse, int grain, Sink sink) {
      this.sparse = sparse;
      this.grain = grain;
      this.sink = sink;
      this.map = HostMap.of(source, GuestOffset.ZERO, size);
    }

    @Override
    public boolean hasNext() {
      return at < size;
    }

    @Override
    public CopyWorkers.Piece next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      if (at >= end) {
        nextRange();
      }
      long from = at;
      at = zero ? end : Math.min(end, (from / CHUNK_BYTES + 1) * CHUNK_BYTES);
      long to = at;
      return zero ? () -> () -> zeroes(from, to) : () -> data(from, (int) (to - from));
    }

    /** Clusters of two images need not fit: data takes up whole grains, and each of them once. */
    private void nextRange() {
      if (sparse == 0) {
        end = size;
        return;
      }
      HostExtent extent = map.next();
      while (extent.end() <= at) {
        extent = map.next();
      }
      zero = extent.isZero();
      end = extent.end();
      if (!zero) {
        at = Math.max(dataEnd, extent.start().bytes() / grain * grain);
        end = Math.min(size, Math.ceilDiv(end, grain) * grain);
        dataEnd = end;
      }
    }

    private void zeroes(long from, long to) throws IOException {
      sink.zeroes(from, to - from);
      tell(to - from);
    }

    private CopyWorkers.Write data(long from, int length) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(length);
      source.read(new GuestOffset(from), bytes);
      List<CopyWorkers.Write> writes = runs(from, bytes.flip());
      return () -> {
        for (CopyWorkers.Write each : writes) {
          each.run();
        }
        tell(length);
      };
    }

    /** Runs that are zeroes all over, at grains of the sparse size, and runs that are not. */
    private List<CopyWorkers.Write> runs(long from, ByteBuffer bytes) throws IOException {
      List<CopyWorkers.Write> writes = new ArrayList<>();
      int length = bytes.limit();
      int start = 0;
      boolean zeroes = false;
      for (int next = 0; next < length; ) {
        int to =
            sparse == 0
                ? length
                : (int) Math.min(length, ((from + next) / sparse + 1) * sparse - from);
        boolean isZero = sparse > 0 && ZeroBytes.areAll(bytes.slice(next, to - next));
        if (isZero != zeroes && next > start) {
          writes.add(run(from, bytes, start, next, zeroes));
          start = next;
        }
        zeroes = isZero;
        next = to;
      }
      writes.add(run(from, bytes, start, length, zeroes));
      return writes;
    }

    private CopyWorkers.Write run(long from, ByteBuffer bytes, int start, int end, boolean zeroes)
        throws IOException {
      return zeroes
          ? () -> sink.zeroes(from + start, end - start)
          : sink.data(from + start, bytes.slice(start, end - start));
    }

    private synchronized void tell(long bytes) {
      copied = Math.min(size, copied + bytes);
      progress.accept(copied);
    }
  }
}
