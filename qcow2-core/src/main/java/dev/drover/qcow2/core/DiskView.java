package dev.drover.qcow2.core;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An image's file as its open process sees it, for reading: what memory has written is in it, also
 * where the file lacks it after a failure. For the recount, whose walk takes a file.
 */
final class DiskView implements BlockFile {

  private final Disk disk;

  DiskView(Disk disk) {
    this.disk = disk;
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    byte[] bytes = new byte[dst.remaining()];
    disk.readTable(bytes, offset);
    dst.put(bytes);
  }

  @Override
  public long length() throws IOException {
    return disk.length();
  }

  @Override
  public String name() {
    return disk.name();
  }

  @Override
  public void write(ByteBuffer src, long offset) {
    throw readOnly();
  }

  @Override
  public void setLength(long bytes) {
    throw readOnly();
  }

  @Override
  public void sync() {
    throw readOnly();
  }

  @Override
  public void punch(long offset, long length) {
    throw readOnly();
  }

  private static UnsupportedOperationException readOnly() {
    return new UnsupportedOperationException("a view is only read");
  }

  @Override
  public void close() {}
}
