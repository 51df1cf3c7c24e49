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
      long cluster = at >>> geometry.clusterBits();
      L2Entry entry = mapping.entry(l1, cluster);
      int wanted = Math.min(destination.remaining(), bytesAlike(entry, at));
      if (entry.isAllocated(geometry.subcluster(at))) {
        long host = pointers.data(entry, cluster) + geometry.inCluster(at);
        wanted = (int) runBytes(l1, at, entry, wanted, destination.remaining());
        disk.readData(take(destination, wanted), host);
      } else {
        readOther(entry, at, take(destination, wanted));
      }
      at += wanted;
    }
  }

  /** Fills {@code destination} with bytes of one cluster, as this entry maps it. */
  void read(L2Entry entry, long offset, ByteBuffer destination) throws IOException {
    long at = offset;
    while (destination.hasRemaining()) {
      int wanted = Math.min(destination.remaining(), bytesAlike(entry, at));
      if (entry.isAllocated(geometry.subcluster(at))) {
        long host = pointers.data(entry, at >>> geometry.clusterBits()) + geometry.inCluster(at);
        disk.readData(take(destination, wanted), host);
      } else {
        readOther(entry, at, take(destination, wanted));
      }
      at += wanted;
    }
  }

  /** How many bytes from here on, up to the end of the cluster, are of one kind. */
  private int bytesAlike(L2Entry entry, long at) {
    int end = entry.alikeUpTo(geometry.subcluster(at)) * geometry.subclusterBytes();
    return end - geometry.inCluster(at);
  }

  /** How many of the wanted bytes lie in one piece in the file; as far as known, {@code bytes}. */
  private long runBytes(long[] l1, long at, L2Entry entry, long bytes, int wanted)
      throws IOException {
    long host = pointers.data(entry, at >>> geometry.clusterBits()) + geometry.inCluster(at);
    long known = bytes;
    while (known < wanted && geometry.isAligned(at + known)) {
      long cluster = (at + known) >>> geometry.clusterBits();
      L2Entry next = mapping.entry(l1, cluster);
      if (!next.isAllocated(0) || pointers.data(next, cluster) != host + known) {
        break;
      }
      known += bytesAlike(next, at + known);
    }
    return Math.min(known, wanted);
  }

  private static ByteBuffer take(ByteBuffer destination, int bytes) {
    ByteBuffer part = destination.slice(destination.position(), bytes);
    destination.position(destination.position() + bytes);
    return part;
  }

  /** Of subclusters that are not allocated: packed, zeroes, or a hole. */
  private void readOther(L2Entry entry, long at, ByteBuffer part) throws IOException {
    if (entry.isCompressed()) {
      byte[] cluster = unpack(entry);
      part.put(cluster, geometry.inCluster(at), part.remaining());
      return;
    }
    if (!entry.isZero(geometry.subcluster(at)) && backing.isPresent()) {
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

  private byte[] unpack(L2Entry entry) throws IOException {
    L2Entry.Compressed packed = pointers.compressed(entry);
    byte[] bytes = new byte[packed.bytes()];
    disk.readData(ByteBuffer.wrap(bytes), packed.start().bytes());
    byte[] cluster = new byte[geometry.clusterSize()];
    decompressor.unpack(bytes, cluster, packed.start().bytes());
    return cluster;
  }
}
