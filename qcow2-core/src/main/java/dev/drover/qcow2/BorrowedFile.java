package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.ForwardingBlockFile;

/** A file that its owner closes: an image opened over it leaves it open. */
final class BorrowedFile extends ForwardingBlockFile {

  BorrowedFile(BlockFile file) {
    super(file);
  }

  @Override
  public void close() {}
}
