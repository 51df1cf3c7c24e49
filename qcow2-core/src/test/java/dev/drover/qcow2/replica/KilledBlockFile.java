package dev.drover.qcow2.replica;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What a process had of a file when it was killed: the I/Os before the n-th reach the disk, later
 * ones never happen. Unlike a failed sync, a kill drops nothing: what was written stays unsynced.
 */
final class KilledBlockFile implements BlockFile {

  private final BlockFile disk;
  private long left;

  KilledBlockFile(BlockFile disk, long n) {
    this.disk = disk;
    this.left = n;
  }

  private void live() throws IOException {
    if (--left <= 0) {
      throw new IOException("killed");
    }
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    live();
    disk.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    live();
    disk.write(src, offset);
  }

  @Override
  public long length() throws IOException {
    return disk.length();
  }

  @Override
  public void setLength(long bytes) throws IOException {
    live();
    disk.setLength(bytes);
  }

  @Override
  public void sync() throws IOException {
    live();
    disk.sync();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    live();
    disk.punch(offset, length);
  }

  @Override
  public String name() {
    return disk.name();
  }

  @Override
  public void close() {}
}
