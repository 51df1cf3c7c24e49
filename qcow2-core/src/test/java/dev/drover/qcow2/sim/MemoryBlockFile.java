package dev.drover.qcow2.sim;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A sparse file in memory that keeps every promise and never fails. */
public final class MemoryBlockFile implements BlockFile {

  private final String name;
  private final Sectors sectors;

  public MemoryBlockFile(String name) {
    this(name, new Sectors());
  }

  MemoryBlockFile(String name, Sectors sectors) {
    this.name = name;
    this.sectors = sectors;
  }

  /** The content of a host file, for images that other programs made. */
  public static MemoryBlockFile load(Path path) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile(path.getFileName().toString());
    try (FileChannel channel = FileChannel.open(path)) {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
      while (channel.read(buffer.clear()) > 0) {
        long at = channel.position() - buffer.position();
        file.write(buffer.flip(), at);
      }
    }
    return file;
  }

  /** An independent copy. */
  public synchronized MemoryBlockFile copy() {
    return new MemoryBlockFile(name, new Sectors(sectors));
  }

  /** Writes the content to a host file, so that other programs can judge it. */
  public synchronized void store(Path path) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      byte[] zeroes = new byte[buffer.capacity()];
      for (long at = 0; at < sectors.length(); at += buffer.capacity()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), sectors.length() - at));
        sectors.read(buffer, at);
        buffer.flip();
        boolean last = at + buffer.limit() == sectors.length();
        if (last || buffer.mismatch(ByteBuffer.wrap(zeroes, 0, buffer.limit())) >= 0) {
          channel.write(buffer, at);
        }
      }
    }
  }

  /** All bytes; only for small files. */
  public synchronized byte[] bytes() {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(sectors.length()));
    sectors.read(all, 0);
    return all.array();
  }

  public boolean sameContent(MemoryBlockFile other) {
    return sectors.sameAs(other.sectors);
  }

  Sectors sectors() {
    return sectors;
  }

  @Override
  public synchronized void read(ByteBuffer dst, long offset) {
    sectors.read(dst, offset);
  }

  @Override
  public synchronized void write(ByteBuffer src, long offset) {
    long at = offset;
    while (src.hasRemaining()) {
      int within = (int) (at % SECTOR_BYTES);
      int n = Math.min(src.remaining(), SECTOR_BYTES - within);
      long sector = at / SECTOR_BYTES;
      sectors.set(sector, sectors.merged(sector, within, src, n));
      at += n;
    }
    sectors.grow(at);
  }

  @Override
  public synchronized long length() {
    return sectors.length();
  }

  @Override
  public synchronized void setLength(long bytes) {
    sectors.setLength(bytes);
  }

  @Override
  public void sync() {}

  @Override
  public synchronized void punch(long offset, long length) {
    long end = Math.min(offset + length, sectors.length());
    for (long at = offset; at < end; ) {
      int within = (int) (at % SECTOR_BYTES);
      int n = (int) Math.min(end - at, SECTOR_BYTES - within);
      long sector = at / SECTOR_BYTES;
      sectors.set(
          sector,
          n == SECTOR_BYTES ? null : sectors.merged(sector, within, ByteBuffer.allocate(n), n));
      at += n;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void close() {}
}
