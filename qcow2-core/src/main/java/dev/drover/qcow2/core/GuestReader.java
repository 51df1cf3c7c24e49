package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Reads guest bytes through an L1 table, active or a snapshot's. Callers hold the image's read
 * lock, so that no cluster is freed or relinked under the I/O. Any thread.
 */
final class GuestReader {

  private final Disk disk;
  private final Geometry geometry;
  private final Mapping mapping;
  private final Pointers pointers;
  private final Decompressor decompressor;
  private final Optional<GuestDisk> backing;

  GuestReader(
      Disk disk,
      Geometry geometry,
      Mapping mapping,
      Pointers pointers,
      Decompressor decompressor,
      Optional<GuestDisk> backing) {
    this.disk = disk;
    this.geometry = geometry;
    this.mapping = mapping;
    this.pointers = pointers;
    this.decompressor = decompressor;
    this.backing = backing;
  }

  /** Fills {@code destination} with the bytes from {@code offset} on. */
  void read(long[] l1, long offset, ByteBuffer destination) throws IOException {
    long at = offset;
    while (destination.hasRemaining()) {
      int within = geometry.inCluster(at);
      int wanted = Math.min(destination.remaining(), geometry.clusterSize() - within);
      long cluster = at >>> geometry.clusterBits();
      long entry = mapping.entry(l1, cluster);
      if (isPlainData(entry)) {
        wanted = (int) runBytes(l1, cluster, entry, within, destination.remaining());
        long host = pointers.data(entry) + within;
        disk.readData(take(destination, wanted), host);
      } else {
        readOther(entry, at, take(destination, wanted));
      }
      at += wanted;
    }
  }

  private static boolean isPlainData(long entry) {
    return !L2Entry.isCompressed(entry)
        && (entry & L2Entry.ZERO_FLAG) == 0
        && (entry & L2Entry.OFFSET_MASK) != 0;
  }

  /** How many of the wanted bytes lie in one piece in the file. */
  private long runBytes(long[] l1, long cluster, long entry, int within, int wanted)
      throws IOException {
    long host = pointers.data(entry);
    long bytes = geometry.clusterSize() - within;
    for (long i = 1; bytes < wanted; i++) {
      long next = mapping.entry(l1, cluster + i);
      if (!isPlainData(next) || pointers.data(next) != host + (i << geometry.clusterBits())) {
        break;
      }
      bytes += geometry.clusterSize();
    }
    return Math.min(bytes, wanted);
  }

  private static ByteBuffer take(ByteBuffer destination, int bytes) {
    ByteBuffer part = destination.slice(destination.position(), bytes);
    destination.position(destination.position() + bytes);
    return part;
  }

  private void readOther(long entry, long at, ByteBuffer part) throws IOException {
    if (L2Entry.isCompressed(entry)) {
      byte[] cluster = unpack(entry);
      part.put(cluster, geometry.inCluster(at), part.remaining());
      return;
    }
    boolean hole = (entry & (L2Entry.ZERO_FLAG | L2Entry.OFFSET_MASK)) == 0;
    if (hole && backing.isPresent()) {
      readBacking(backing.get(), at, part);
    }
    zero(part);
  }

  /** Leaves what lies behind the backing disk's end for the caller to zero. */
  private static void readBacking(GuestDisk below, long at, ByteBuffer part) throws IOException {
    long there = Math.clamp(below.virtualSizeBytes() - at, 0, part.remaining());
    if (there > 0) {
      below.read(new GuestOffset(at), take(part, (int) there));
    }
  }

  private static void zero(ByteBuffer part) {
    while (part.remaining() >= Long.BYTES) {
      part.putLong(0);
    }
    while (part.hasRemaining()) {
      part.put((byte) 0);
    }
  }

  /** The whole cluster behind a raw L2 entry, as a partial write must preserve it. */
  void readCluster(long entry, long guestCluster, ByteBuffer whole) throws IOException {
    if (isPlainData(entry)) {
      disk.readData(take(whole, geometry.clusterSize()), pointers.data(entry));
    } else {
      readOther(entry, guestCluster << geometry.clusterBits(), whole);
    }
  }

  private byte[] unpack(long entry) throws IOException {
    if (!(L2Entry.decode(entry, geometry.clusterBits()) instanceof L2Entry.Compressed packed)) {
      throw new IllegalStateException("not a compressed entry");
    }
    pointers.compressed(packed.start().bytes(), packed.bytes());
    byte[] bytes = new byte[packed.bytes()];
    disk.readData(ByteBuffer.wrap(bytes), packed.start().bytes());
    byte[] cluster = new byte[geometry.clusterSize()];
    decompressor.unpack(bytes, cluster, packed.start().bytes());
    return cluster;
  }
}
