package dev.drover.qcow2.replica;

import dev.drover.qcow2.core.WriteBatch;
import java.io.IOException;

/** Hands the steps on to the write path that plain images share. */
record ReplicaBatch(WriteBatch writes) implements Batch {

  @Override
  public void allocate() throws IOException {
    writes.allocate();
  }

  @Override
  public void writeData() throws IOException {
    writes.writeData();
  }

  @Override
  public void barrier() throws IOException {
    writes.barrier();
  }

  @Override
  public void link() throws IOException {
    writes.link();
  }
}
