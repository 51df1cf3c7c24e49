package dev.drover.qcow2.sim;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.ForwardingBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file at whose every I/O another thread of an {@link Interleaving} may go on. */
public final class InterleavedBlockFile extends ForwardingBlockFile {

  private final Interleaving threads;

  public InterleavedBlockFile(BlockFile file, Interleaving threads) {
    super(file);
    this.threads = threads;
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    threads.step();
    super.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    threads.step();
    super.write(src, offset);
  }

  @Override
  public void setLength(long bytes) throws IOException {
    threads.step();
    super.setLength(bytes);
  }

  @Override
  public void sync() throws IOException {
    threads.step();
    super.sync();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    threads.step();
    super.punch(offset, length);
  }
}
