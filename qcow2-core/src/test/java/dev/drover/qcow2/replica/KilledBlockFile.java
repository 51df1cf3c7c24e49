package dev.drover.qcow2.replica;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.ForwardingBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What a process had of a file when it was killed: the I/Os before the n-th reach the disk, later
 * ones never happen. Unlike a failed sync, a kill drops nothing: what was written stays unsynced.
 */
final class KilledBlockFile extends ForwardingBlockFile {

  private long left;

  KilledBlockFile(BlockFile disk, long n) {
    super(disk);
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
    super.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    live();
    super.write(src, offset);
  }

  @Override
  public void setLength(long bytes) throws IOException {
    live();
    super.setLength(bytes);
  }

  @Override
  public void sync() throws IOException {
    live();
    super.sync();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    live();
    super.punch(offset, length);
  }

  @Override
  public void close() {}
}
