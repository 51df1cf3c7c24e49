package dev.drover.qcow2.fuzz;

import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tiny files that claim to hold huge things; run in a JVM whose heap would not hold one of them.
 */
public final class HostileClaims {

  private HostileClaims() {}

  /** Changes one or more fields. */
  private interface Claim {
    void make(MemoryBlockFile image);
  }

  private static void put(MemoryBlockFile image, long at, long value) {
    image.write(ByteBuffer.allocate(8).putLong(0, value), at);
  }

  private static void putInt(MemoryBlockFile image, long at, int value) {
    image.write(ByteBuffer.allocate(4).putInt(0, value), at);
  }

  private static long longAt(MemoryBlockFile image, long at) {
    ByteBuffer eight = ByteBuffer.allocate(8);
    image.read(eight, at);
    return eight.getLong(0);
  }

  private static Map<String, Claim> claims() {
    Map<String, Claim> claims = new LinkedHashMap<>();
    claims.put("the largest L1 table", image -> putInt(image, 36, 4 << 20));
    claims.put("the largest refcount table", image -> putInt(image, 56, (8 << 20) >> 9));
    claims.put("the most snapshots", image -> putInt(image, 60, 65536));
    claims.put(
        "the largest L1 table of a snapshot",
        image -> putInt(image, longAt(image, 64) + 8, 4 << 20));
    claims.put(
        "the longest name and id of a snapshot",
        image -> putInt(image, longAt(image, 64) + 12, -1));
    claims.put("the largest disk", image -> put(image, 24, (4L << 20) << (2 * 9 - 3)));
    claims.put(
        "the largest clusters and disk",
        image -> {
          putInt(image, 20, 21);
          put(image, 24, 1L << 60);
        });
    claims.put("a header as long as a cluster", image -> putInt(image, 100, 512));
    claims.put("an extension of two gigabytes", image -> putInt(image, 112 + 4, Integer.MAX_VALUE));
    claims.put(
        "the largest bitmap directory",
        image -> {
          put(image, 88, 1);
          put(image, 112, 0x23852875_00000018L);
          put(image, 120, 65535L << 32);
          put(image, 128, 65535L * 1024);
          put(image, 136, 512);
        });
    claims.put(
        "a cluster of refcounts at the end of the world", image -> put(image, 512, 1L << 62));
    return claims;
  }

  /** Ends with an exception, or without one. */
  public static void main(String[] arguments) throws IOException {
    for (Map.Entry<String, MemoryBlockFile> seed : SeedImages.all().entrySet()) {
      for (Map.Entry<String, Claim> claim : claims().entrySet()) {
        MemoryBlockFile image = seed.getValue().copy();
        claim.getValue().make(image);
        try {
          new HostileImage(image.bytes()).look();
          new HostileImage(image.bytes()).write(1);
          new HostileImage(image.bytes()).repair();
        } catch (OutOfMemoryError e) {
          throw new IllegalStateException(claim.getKey() + " in " + seed.getKey(), e);
        }
      }
    }
    System.out.println("bounded: " + claims().size() + " claims");
  }
}
