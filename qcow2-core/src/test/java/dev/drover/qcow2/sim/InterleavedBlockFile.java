package dev.drover.qcow2.sim;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file at whose every I/O another thread of an {@link Interleaving} may go on. */
public final class InterleavedBlockFile implements BlockFile {

  private final BlockFile file;
  private final Interleaving threads;

  public InterleavedBlockFile(BlockFile file, Interleaving threads) {
    this.file = file;
    this.threads = threads;
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    threads.step();
    file.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    threads.step();
    file.write(src, offset);
  }

  @Override
  public long length() throws IOException {
    return file.length();
  }

  @Override
  public void setLength(long bytes) throws IOException {
    threads.step();
    file.setLength(bytes);
  }

  @Override
  public void sync() throws IOException {
    threads.step();
    file.sync();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    threads.step();
    file.punch(offset, length);
  }

  @Override
  public String name() {
    return file.name();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
