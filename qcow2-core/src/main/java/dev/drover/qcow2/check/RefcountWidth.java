package dev.drover.qcow2.check;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.check.Finding.Kind;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * Gives an image refcounts of another width: all of them are written anew behind what the image
 * has, and one write of the header's sector changes width and table.
 */
public final class RefcountWidth {

  private RefcountWidth() {}

  /**
   * Of an image that nobody has open; durable on return.
   *
   * @param bits a power of two from 1 to 64
   * @throws Qcow2Exception OUT_OF_RANGE when a cluster has more references than such a refcount can
   *     count; CORRUPT when the refcounts are not right to begin with; before anything is written
   */
  public static void change(BlockFile file, int bits) throws IOException {
    Inspection found = Inspection.of(file);
    if (!found.isClean() || found.count(Kind.LEAK) > 0) {
      throw new Qcow2Exception(
          Code.CORRUPT,
          file.name(),
          "its refcounts are not right as they are",
          "repair it first with: image check -r all");
    }
    Geometry geometry = found.geometry().withRefcountOrder(Integer.numberOfTrailingZeros(bits));
    for (long cluster = 0; cluster < found.counted().end(); cluster++) {
      if (found.counted().references(cluster) > geometry.maxRefcount()) {
        throw new Qcow2Exception(
            Code.OUT_OF_RANGE,
            file.name(),
            cluster << geometry.clusterBits(),
            "a cluster has %d references, more than refcounts of %d bits can count"
                .formatted(found.counted().references(cluster), bits),
            "delete snapshots first, or choose wider refcounts");
      }
    }
    new RefcountRebuild(found, geometry).run();
  }
}
