package dev.drover.cli.demo;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file whose device refuses one write: the first one that carries the guest's {@link #MARK}. */
final class FailOnceFile implements BlockFile {

  /** What the guest puts at the start of a sector to say that this write is the one. */
  static final long MARK = 0x6472_6f76_6572_2121L;

  private final BlockFile file;
  private boolean failed;

  FailOnceFile(BlockFile file) {
    this.file = file;
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    file.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    if (!failed && isMarked(src)) {
      failed = true;
      throw new IOException(name() + ": Input/output error (injected by the demo)");
    }
    file.write(src, offset);
  }

  private static boolean isMarked(ByteBuffer bytes) {
    for (int at = bytes.position(); at + Long.BYTES <= bytes.limit(); at += SECTOR_BYTES) {
      if (bytes.getLong(at) == MARK) {
        return true;
      }
    }
    return false;
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
  public void close() throws IOException {
    file.close();
  }
}
