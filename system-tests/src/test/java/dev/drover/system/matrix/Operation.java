package dev.drover.system.matrix;

import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** One change of the disk, as we make it, as qemu-io makes it, and what it means. */
record Operation(Kind kind, int offset, int length, byte pattern) {

  /** qemu-io's commands that change a disk. */
  enum Kind {
    WRITE("write -P %3$d %1$d %2$d"),
    COMPRESSED("write -c -P %3$d %1$d %2$d"),
    ZEROES("write -z %1$d %2$d"),
    ZEROES_UNMAPPED("write -z -u %1$d %2$d"),
    DISCARD("discard %1$d %2$d"),
    FLUSH("flush");

    private final String command;

    Kind(String command) {
      this.command = command;
    }
  }

  static Operation random(Random random, Combination combination) {
    int size = (int) combination.virtualSize();
    int cluster = combination.clusterSize();
    Kind kind =
        random.nextInt(3) > 0 ? Kind.WRITE : Kind.values()[random.nextInt(1, Kind.values().length)];
    int offset = random.nextInt(size);
    int longest = random.nextBoolean() ? 3000 : 5 * cluster;
    int length = 1 + random.nextInt(Math.min(longest, size - offset));
    boolean aligned = kind == Kind.COMPRESSED || random.nextInt(3) == 0;
    boolean finely = combination.extendedL2() && random.nextBoolean();
    if (aligned || finely) {
      int grain = finely && kind != Kind.COMPRESSED ? cluster / 32 : cluster;
      int end = Math.ceilDiv(offset + length, grain) * grain;
      offset = offset / grain * grain;
      length = Math.min(size, end) - offset;
    }
    return new Operation(kind, offset, length, (byte) random.nextInt(1, 100));
  }

  Operation uncompressed() {
    return new Operation(Kind.WRITE, offset, length, pattern);
  }

  /** As an argument of qemu-io's {@code -c}. */
  String command() {
    return kind.command.formatted(offset, length, pattern);
  }

  void apply(Qcow2Image image) throws IOException {
    GuestOffset at = new GuestOffset(offset);
    switch (kind) {
      case WRITE -> image.write(at, bytes());
      case COMPRESSED -> image.writeCompressed(at, bytes());
      case ZEROES -> image.writeZeroes(at, length, false);
      case ZEROES_UNMAPPED -> image.writeZeroes(at, length, true);
      case DISCARD -> image.discard(at, length);
      case FLUSH -> image.flush();
    }
  }

  private ByteBuffer bytes() {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, pattern);
    return ByteBuffer.wrap(bytes);
  }

  /** Does it to the bytes that the disk should have. */
  void apply(byte[] model, Combination combination) {
    switch (kind) {
      case WRITE, COMPRESSED -> Arrays.fill(model, offset, offset + length, pattern);
      case ZEROES, ZEROES_UNMAPPED -> Arrays.fill(model, offset, offset + length, (byte) 0);
      case DISCARD -> discard(model, combination);
      case FLUSH -> {}
    }
  }

  /** Whole clusters only; version 2 can't say that a cluster hides the backing file. */
  private void discard(byte[] model, Combination combination) {
    int cluster = combination.clusterSize();
    int from = Math.ceilDiv(offset, cluster) * cluster;
    int end = offset + length;
    int to = end == model.length ? end : end / cluster * cluster;
    boolean can =
        combination.version() != FormatVersion.V2
            || combination.below() == Combination.Below.NOTHING;
    if (can && from < to) {
      Arrays.fill(model, from, to, (byte) 0);
    }
  }
}
