package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Passes every I/O on and tells an observer after each that changes what a power cut leaves. */
final class ObservedBlockFile implements BlockFile {

  /** Looks at the file between two I/Os. */
  @FunctionalInterface
  interface Observer {
    void afterIo() throws IOException;
  }

  private final BlockFile disk;
  private Observer observer;

  ObservedBlockFile(BlockFile disk, Observer observer) {
    this.disk = disk;
    this.observer = observer;
  }

  void observe(Observer next) {
    observer = next;
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    disk.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    disk.write(src, offset);
    observer.afterIo();
  }

  @Override
  public long length() throws IOException {
    return disk.length();
  }

  @Override
  public void setLength(long bytes) throws IOException {
    disk.setLength(bytes);
    observer.afterIo();
  }

  @Override
  public void sync() throws IOException {
    disk.sync();
    observer.afterIo();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    disk.punch(offset, length);
    observer.afterIo();
  }

  @Override
  public String name() {
    return disk.name();
  }

  @Override
  public void close() throws IOException {
    disk.close();
  }
}
