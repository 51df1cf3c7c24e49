package dev.drover.cli.demo;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.ForwardingBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file whose device refuses one write: the first one that carries the guest's {@link #MARK}. */
final class FailOnceFile extends ForwardingBlockFile {

  /** What the guest puts at the start of a sector to say that this write is the one. */
  static final long MARK = 0x6472_6f76_6572_2121L;

  private boolean failed;

  FailOnceFile(BlockFile file) {
    super(file);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    if (!failed && isMarked(src)) {
      failed = true;
      throw new IOException(name() + ": Input/output error (injected by the demo)");
    }
    super.write(src, offset);
  }

  private static boolean isMarked(ByteBuffer bytes) {
    for (int at = bytes.position(); at + Long.BYTES <= bytes.limit(); at += SECTOR_BYTES) {
      if (bytes.getLong(at) == MARK) {
        return true;
      }
    }
    return false;
  }
}
