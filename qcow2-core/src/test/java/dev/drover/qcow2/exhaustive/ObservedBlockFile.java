package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.ForwardingBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Passes every I/O on and tells an observer after each that changes what a power cut leaves. */
final class ObservedBlockFile extends ForwardingBlockFile {

  /** Looks at the file between two I/Os. */
  @FunctionalInterface
  interface Observer {
    void afterIo() throws IOException;
  }

  private Observer observer;

  ObservedBlockFile(BlockFile disk, Observer observer) {
    super(disk);
    this.observer = observer;
  }

  void observe(Observer next) {
    observer = next;
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    super.write(src, offset);
    observer.afterIo();
  }

  @Override
  public void setLength(long bytes) throws IOException {
    super.setLength(bytes);
    observer.afterIo();
  }

  @Override
  public void sync() throws IOException {
    super.sync();
    observer.afterIo();
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    super.punch(offset, length);
    observer.afterIo();
  }
}
