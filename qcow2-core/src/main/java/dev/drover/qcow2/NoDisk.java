package dev.drover.qcow2;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * A backing disk of no size: what stands in where there is none, so that zeroes above it are said
 * and not left to a hole that another backing disk may show through one day.
 */
final class NoDisk implements GuestDisk {

  @Override
  public long virtualSizeBytes() {
    return 0;
  }

  @Override
  public void read(GuestOffset offset, ByteBuffer destination) {
    Objects.checkFromIndexSize(offset.bytes(), destination.remaining(), 0L);
  }
}
