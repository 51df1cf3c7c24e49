package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that its owner closes: an image opened over it leaves it open. */
record BorrowedFile(BlockFile file) implements BlockFile {

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
  public String name() {
    return file.name();
  }

  @Override
  public void close() {}
}
