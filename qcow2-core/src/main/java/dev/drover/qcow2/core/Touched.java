package dev.drover.qcow2.core;

import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.util.List;

/**
 * Which subclusters of one cluster a batch touches, and how. Where entries cannot tell subclusters
 * apart, one that is touched stands for all.
 *
 * @param written the set of those that bytes of a write go into
 * @param blanked the set of those that get zeroes in a part, and of those that get nothing else
 *     where no entry can say so
 * @param zeroed the set of those that become zeroes whole, by a change of the entry
 */
record Touched(int written, int blanked, int zeroed) {

  /**
   * @param segments what is written into one cluster, ascending and disjoint
   * @param byEntry whether an entry can say that a subcluster is zeroes
   * @param diskEnd behind it is nothing that zeroes would not cover
   */
  static Touched by(List<Segment> segments, Geometry geometry, boolean byEntry, long diskEnd) {
    int written = 0;
    int blanked = 0;
    int zeroed = 0;
    for (int i = 0; i < segments.size(); i++) {
      Segment first = segments.get(i);
      long end = first.end();
      while (first.isZero() && i + 1 < segments.size() && continues(segments.get(i + 1), end)) {
        end = segments.get(++i).end();
      }
      if (!first.isZero()) {
        written |= touched(geometry, first.start(), end);
      } else {
        blanked |= touched(geometry, first.start(), end);
        zeroed |= byEntry ? covered(geometry, first.start(), end, diskEnd) : 0;
      }
    }
    return new Touched(written, blanked & ~written & ~zeroed, zeroed);
  }

  private static boolean continues(Segment next, long end) {
    return next.isZero() && next.start() == end;
  }

  /** Of the grains that a range has a byte of. */
  private static int touched(Geometry geometry, long from, long end) {
    int perGrain = geometry.grainBytes() / geometry.subclusterBytes();
    return L2Entry.set(
        geometry.subcluster(from) / perGrain * perGrain,
        (geometry.subcluster(end - 1) / perGrain + 1) * perGrain);
  }

  /** Of the grains that a range has every byte of. */
  private static int covered(Geometry geometry, long from, long end, long diskEnd) {
    int grain = geometry.grainBytes();
    int first = (geometry.inCluster(from) + grain - 1) / grain;
    int behind = geometry.inCluster(end - 1) + 1;
    int last = end == diskEnd ? (behind + grain - 1) / grain : behind / grain;
    int perGrain = grain / geometry.subclusterBytes();
    return first < last ? L2Entry.set(first * perGrain, last * perGrain) : 0;
  }

  /** Without the zeroes upon what reads as zeroes. */
  Touched without(int zeroAlready) {
    return new Touched(written, blanked & ~zeroAlready, zeroed & ~zeroAlready);
  }

  boolean isNothing() {
    return (written | blanked | zeroed) == 0;
  }

  /** The set of those whose bytes change where they are, or get a place. */
  int rewritten() {
    return written | blanked;
  }
}
