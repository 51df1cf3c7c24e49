package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestChange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a list of changes amounts to: disjoint segments, in which later changes have won over
 * earlier ones. Bytes that a later change overwrites are never written.
 */
final class ChangeOverlay {

  private final TreeMap<Long, Segment> byStart = new TreeMap<>();

  ChangeOverlay(List<GuestChange> changes) {
    changes.forEach(this::add);
  }

  private void add(GuestChange change) {
    Segment added =
        switch (change) {
          case GuestChange.Write write ->
              new Segment(write.offset().bytes(), write.end(), write, false);
          case GuestChange.Zero zero ->
              new Segment(zero.offset().bytes(), zero.end(), null, zero.keepAllocated());
        };
    cut(added.start(), added.end());
    Segment whole = merged(added);
    byStart.put(whole.start(), whole);
  }

  private void cut(long from, long to) {
    Map.Entry<Long, Segment> entry = byStart.floorEntry(from);
    if (entry == null || entry.getValue().end() <= from) {
      entry = byStart.higherEntry(from);
    }
    List<Segment> hit = new ArrayList<>();
    while (entry != null && entry.getKey() < to) {
      hit.add(entry.getValue());
      entry = byStart.higherEntry(entry.getKey());
    }
    for (Segment segment : hit) {
      byStart.remove(segment.start());
      if (segment.start() < from) {
        byStart.put(segment.start(), segment.clip(segment.start(), from));
      }
      if (segment.end() > to) {
        byStart.put(to, segment.clip(to, segment.end()));
      }
    }
  }

  /** Neighbouring zeroes of one kind become one, so that whole clusters are seen as whole. */
  private Segment merged(Segment added) {
    if (!added.isZero()) {
      return added;
    }
    long start = added.start();
    long end = added.end();
    Map.Entry<Long, Segment> before = byStart.lowerEntry(start);
    if (before != null && joins(before.getValue(), added) && before.getValue().end() == start) {
      start = before.getKey();
      byStart.remove(start);
    }
    Segment after = byStart.get(end);
    if (after != null && joins(after, added)) {
      byStart.remove(end);
      end = after.end();
    }
    return new Segment(start, end, null, added.keep());
  }

  private static boolean joins(Segment one, Segment other) {
    return one.isZero() && other.isZero() && one.keep() == other.keep();
  }

  /** The segments, ascending. */
  Collection<Segment> segments() {
    return byStart.values();
  }
}
