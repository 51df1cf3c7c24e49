package dev.drover.applier;

import dev.drover.qcow2.replica.ReplicaImage;
import java.io.IOException;
import java.nio.file.Path;

/**
 * An image that is open, locked and judged.
 *
 * @param path where it is now
 * @param image it
 * @param state as whom it goes on; its positions are those of its slot
 * @param identityIsNew {@code state} names another incarnation, name or file than the slot: it must
 *     be durable before anything else is written
 * @param syncFailed the last run ended after a failed fdatasync
 */
record OpenImage(
    Path path, ReplicaImage image, ReplicaState state, boolean identityIsNew, boolean syncFailed)
    implements AutoCloseable {

  OpenImage with(ReplicaState newState) {
    return new OpenImage(path, image, newState, identityIsNew, syncFailed);
  }

  @Override
  public void close() throws IOException {
    image.close();
  }
}
