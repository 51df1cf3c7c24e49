package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.core.ImageCore;
import dev.drover.qcow2.core.Requests;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compressed writes in two halves: packing, which costs time and which any number of threads may do
 * at once, and writing, which decides where the pieces come to lie.
 */
final class ClusterPacking {

  /** How much one batch compresses: it costs a sync. */
  private static final int BATCH_BYTES = 4 << 20;

  private final String name;
  private final ImageCore core;
  private final Requests requests;
  private final int clusterSize;

  ClusterPacking(String name, ImageCore core, Requests requests) {
    this.name = name;
    this.core = core;
    this.requests = requests;
    this.clusterSize = core.geometry().clusterSize();
  }

  /**
   * Clusters that wait to be written compressed.
   *
   * @param plain their bytes
   * @param pieces one for each; none when the first of them would not get smaller
   */
  record Packed(GuestChange.Write plain, List<byte[]> pieces) {}

  void requirePackable(GuestOffset offset, ByteBuffer source) throws Qcow2Exception {
    long end = offset.bytes() + source.remaining();
    if (!core.geometry().isAligned(offset.bytes())
        || !core.geometry().isAligned(end) && end != core.virtualSize()) {
      throw new IllegalArgumentException("not whole clusters: " + offset + " to " + end);
    }
    if (core.hasDataFile()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          name,
          "has an external data file, where there is no room for compressed clusters",
          "write without compression");
    }
  }

  /** Packs all of {@code source}; writes nothing. */
  List<Packed> pack(GuestOffset offset, ByteBuffer source) throws IOException {
    requirePackable(offset, source);
    List<Packed> all = new ArrayList<>();
    for (long at = offset.bytes(); source.hasRemaining(); ) {
      all.add(packNext(new GuestOffset(at), source));
      at += all.getLast().plain.length();
    }
    return all;
  }

  /** As many clusters as get smaller, or one that does not. */
  Packed packNext(GuestOffset offset, ByteBuffer source) throws IOException {
    int most = Math.max(1, BATCH_BYTES / clusterSize);
    List<byte[]> pieces = new ArrayList<>();
    int end = source.position();
    while (end < source.limit() && pieces.size() < most) {
      byte[] cluster = new byte[clusterSize]; // what is behind the disk's end is zeroes
      int n = Math.min(cluster.length, source.limit() - end);
      source.get(end, cluster, 0, n);
      Optional<byte[]> piece = core.compress(cluster);
      if (piece.isEmpty()) {
        break;
      }
      pieces.add(piece.get());
      end += n;
    }
    int bytes =
        pieces.isEmpty() ? Math.min(clusterSize, source.remaining()) : end - source.position();
    byte[] copy = new byte[bytes];
    source.get(copy);
    return new Packed(new GuestChange.Write(offset, ByteBuffer.wrap(copy)), pieces);
  }

  void write(Packed packed) throws IOException {
    if (packed.pieces.isEmpty()) {
      requests.change(packed.plain);
    } else {
      requests.change(packed.plain, packed.pieces);
    }
  }
}
