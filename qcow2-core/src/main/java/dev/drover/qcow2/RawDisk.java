package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A raw file as a disk. Whether it may be written to is a matter of how the file was opened.
 *
 * <p>Writes are the file's own: those that overlap and run at the same time leave either's bytes.
 */
public final class RawDisk implements WritableDisk {

  private static final int ZEROES_BYTES = 1 << 20;

  private final BlockFile file;
  private volatile long size;
  private volatile boolean changed;

  /** Takes the file over. Its length, rounded up to sectors as QEMU does, is the disk's size. */
  public RawDisk(BlockFile file) throws IOException {
    this.file = file;
    this.size = CreateOptions.roundUpToSectors(file.length());
  }

  @Override
  public long virtualSizeBytes() {
    return size;
  }

  @Override
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    Objects.checkFromIndexSize(offset.bytes(), destination.remaining(), size);
    file.read(destination, offset.bytes());
  }

  @Override
  public void write(GuestOffset offset, ByteBuffer source) throws IOException {
    Objects.checkFromIndexSize(offset.bytes(), source.remaining(), size);
    changed = true;
    file.write(source, offset.bytes());
  }

  /** A punched hole need not read as zeroes, so what does not is written. */
  @Override
  public void writeZeroes(GuestOffset offset, long length, boolean mayUnmap) throws IOException {
    Objects.checkFromIndexSize(offset.bytes(), length, size);
    changed = true;
    if (mayUnmap) {
      punch(offset, length);
    }
    ByteBuffer there = ByteBuffer.allocate((int) Math.min(length, ZEROES_BYTES));
    for (long done = 0; done < length; done += there.limit()) {
      there.clear().limit((int) Math.min(there.capacity(), length - done));
      long at = offset.bytes() + done;
      if (mayUnmap) {
        file.read(there, at);
        there.flip();
      }
      if (!mayUnmap || !ZeroBytes.areAll(there)) {
        file.write(ByteBuffer.allocate(there.limit()), at);
      }
    }
  }

  /** As in QEMU, what is given back reads as zeroes, or as before where the host cannot do it. */
  @Override
  public void discard(GuestOffset offset, long length) throws IOException {
    Objects.checkFromIndexSize(offset.bytes(), length, size);
    changed = true;
    punch(offset, length);
  }

  private void punch(GuestOffset offset, long length) throws IOException {
    if (length > 0) {
      file.punch(offset.bytes(), length);
    }
  }

  @Override
  public void resize(long newSizeBytes) throws IOException {
    if (newSizeBytes < 0 || newSizeBytes % BlockFile.SECTOR_BYTES != 0) {
      throw new IllegalArgumentException("a disk of " + newSizeBytes + " bytes");
    }
    changed = true;
    file.setLength(newSizeBytes);
    file.sync();
    size = newSizeBytes;
  }

  /** A sync that failed in an earlier process may have dropped the length: it is said again. */
  @Override
  public void flush() throws IOException {
    if (changed && file.length() == size) {
      file.setLength(size);
    }
    file.sync();
  }

  /**
   * Holes that the host knows of are ZERO; those of a file that others write to may be old news.
   */
  @Override
  public Iterator<GuestExtent> map(GuestOffset from) {
    return new Runs(from.bytes());
  }

  @Override
  public Iterator<HostExtent> hostExtents(GuestOffset from) {
    Iterator<GuestExtent> runs = map(from);
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return runs.hasNext();
      }

      @Override
      public HostExtent next() {
        return placed(runs.next());
      }
    };
  }

  private HostExtent placed(GuestExtent run) {
    return new HostExtent(
        run.start(),
        run.length(),
        run.kind() == GuestExtent.Kind.ZERO ? HostExtent.Kind.ZERO : HostExtent.Kind.DATA,
        0,
        OptionalLong.of(run.start().bytes()),
        Optional.of(file.name()));
  }

  /** The file's data and holes in turn. */
  private final class Runs implements Iterator<GuestExtent> {
    private long at;

    Runs(long from) {
      this.at = from;
    }

    @Override
    public boolean hasNext() {
      return at < size;
    }

    @Override
    public GuestExtent next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      long from = at;
      try {
        long data = file.nextData(from);
        long hole = data > from ? from : file.nextHole(from);
        // Somebody may have made a hole of it between the two calls.
        at = Math.min(size, data > from ? data : hole > from ? hole : size);
        GuestExtent.Kind kind = data > from ? GuestExtent.Kind.ZERO : GuestExtent.Kind.DATA;
        return new GuestExtent(new GuestOffset(from), at - from, kind);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
