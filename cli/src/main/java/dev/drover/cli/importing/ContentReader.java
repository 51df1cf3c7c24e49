package dev.drover.cli.importing;

import dev.drover.journal.Chunker;
import dev.drover.journal.Intent;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestExtent;
import dev.drover.qcow2.GuestOffset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * A disk's content as intents, ascending and gap-free: data as WRITE, what reads as zeroes as ZERO.
 * Neighbouring zeroes are one intent, however many extents and blocks of data they come from.
 */
final class ContentReader {
  /** Data is looked at for zeroes in blocks of this size: QEMU's default cluster. */
  private static final int BLOCK_BYTES = 64 << 10;

  private static final byte[] ZEROES = new byte[BLOCK_BYTES];

  /** Takes each intent; it may keep the data. */
  interface Receiver {
    void accept(Intent intent) throws IOException;
  }

  private final GuestDisk disk;
  private final long sizeBytes;
  private final Receiver receiver;
  private long zeroFrom = -1;

  /**
   * @param sizeBytes the volume's size: the disk's, rounded up to sectors
   */
  ContentReader(GuestDisk disk, long sizeBytes, Receiver receiver) {
    this.disk = disk;
    this.sizeBytes = sizeBytes;
    this.receiver = receiver;
  }

  /** Reads from a guest offset to the end. */
  void readFrom(long start) throws IOException {
    long at = start;
    Iterator<GuestExtent> extents = disk.map(new GuestOffset(start));
    try {
      while (extents.hasNext()) {
        GuestExtent extent = extents.next();
        boolean zero =
            switch (extent.kind()) {
              case DATA -> false;
              case ZERO -> true;
              case HOLE -> disk.holesAreZero();
            };
        if (zero) {
          zeroFrom = zeroFrom < 0 ? at : zeroFrom;
        } else {
          data(at, extent.end());
        }
        at = extent.end();
      }
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
    if (at < sizeBytes && zeroFrom < 0) {
      zeroFrom = at;
    }
    endZeroes(sizeBytes);
  }

  private void data(long from, long to) throws IOException {
    long at = from;
    while (at < to) {
      int length = (int) Math.min(Chunker.MAX_DATA_BYTES, to - at);
      ByteBuffer chunk = ByteBuffer.allocate(length);
      disk.read(new GuestOffset(at), chunk);
      split(at, chunk.flip());
      at += length;
    }
  }

  private void split(long start, ByteBuffer chunk) throws IOException {
    int writeFrom = 0;
    for (int block = 0; block < chunk.limit(); block += BLOCK_BYTES) {
      int length = Math.min(BLOCK_BYTES, chunk.limit() - block);
      boolean zero = chunk.slice(block, length).mismatch(ByteBuffer.wrap(ZEROES, 0, length)) < 0;
      if (!zero) {
        endZeroes(start + block);
        continue;
      }
      write(start, chunk, writeFrom, block);
      writeFrom = block + length;
      zeroFrom = zeroFrom < 0 ? start + block : zeroFrom;
    }
    write(start, chunk, writeFrom, chunk.limit());
  }

  private void write(long start, ByteBuffer chunk, int from, int to) throws IOException {
    if (from < to) {
      receiver.accept(new Intent.Write(start + from, chunk.slice(from, to - from)));
    }
  }

  private void endZeroes(long end) throws IOException {
    if (zeroFrom >= 0 && zeroFrom < end) {
      receiver.accept(new Intent.Zero(zeroFrom, end - zeroFrom, false));
    }
    zeroFrom = -1;
  }
}
