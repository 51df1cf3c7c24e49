package dev.drover.cli.replica;

import dev.drover.applier.Replica;
import dev.drover.nbd.LocalReplica;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/** The replica as the gateway sees it. */
record ReplicaView(Replica replica) implements LocalReplica {
  @Override
  public void read(long offset, ByteBuffer dst) throws IOException {
    replica.read(offset, dst);
  }

  @Override
  public long sizeBytes() {
    return replica.sizeBytes();
  }

  @Override
  public long visibleOffset() {
    return replica.visibleOffset();
  }

  @Override
  public void onVisible(LongConsumer listener) {
    replica.onVisible(listener);
  }
}
