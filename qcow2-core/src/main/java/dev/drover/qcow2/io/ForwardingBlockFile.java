package dev.drover.qcow2.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Another file as it is, for those who change or watch some of what is done to it. What {@link
 * BlockFile#writeZeroes} makes of other calls arrives as those calls.
 */
public abstract class ForwardingBlockFile implements BlockFile {

  private final BlockFile file;

  protected ForwardingBlockFile(BlockFile file) {
    this.file = file;
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    file.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    file.write(src, offset);
  }

  @Override
  public long length() throws IOException {
    return file.length();
  }

  @Override
  public void setLength(long bytes) throws IOException {
    file.setLength(bytes);
  }

  @Override
  public void sync() throws IOException {
    file.sync();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    file.punch(offset, length);
  }

  @Override
  public long nextData(long from) throws IOException {
    return file.nextData(from);
  }

  @Override
  public long nextHole(long from) throws IOException {
    return file.nextHole(from);
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
