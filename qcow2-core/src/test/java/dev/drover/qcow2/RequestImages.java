package dev.drover.qcow2;

import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Images that requesters start from. */
final class RequestImages {

  private RequestImages() {}

  /** Nothing in it: every write makes a table. */
  static MemoryBlockFile empty() throws IOException {
    return create("empty");
  }

  private static MemoryBlockFile create(String name) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile(name);
    CreateOptions options =
        CreateOptions.ofSize((long) RequestRig.DISK * Request.SECTOR)
            .withClusterSize(RequestRig.CLUSTER);
    Qcow2Image.create(file, options).close();
    return file;
  }

  /** Clusters of every kind, all of them the image's own. */
  static MemoryBlockFile owned() throws IOException {
    return owned("owned");
  }

  private static MemoryBlockFile owned(String name) throws IOException {
    MemoryBlockFile file = create(name);
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      fill(image);
    }
    return file;
  }

  /** The same, shared with a snapshot named base; then some written anew. */
  static MemoryBlockFile shared() throws IOException {
    MemoryBlockFile file = owned("shared");
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.createSnapshot(new SnapshotSpec(new UUID(2, 0), "base", Instant.EPOCH, new byte[0]));
      call(image, List.of(new Request.Write(3, 2, 2), new Request.Zero(4, 2, true)));
    }
    return file;
  }

  /** Data, a cluster that keeps its space and reads as zeroes, a hole, and data over two tables. */
  private static void fill(Qcow2Image image) throws IOException {
    call(
        image,
        List.of(
            new Request.Write(1, 0, 8),
            new Request.Zero(2, 2, false),
            new Request.Discard(6, 2),
            new Request.Packed(3, 8, 4),
            new Request.Write(2, RequestRig.TABLE - 4, 8)));
  }

  private static void call(Qcow2Image image, List<Request> requests) throws IOException {
    RequestHistory nobody = RequestHistory.unjudged();
    for (Request request : requests) {
      request.call(image, nobody);
    }
  }
}
