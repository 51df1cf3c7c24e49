package dev.drover.qcow2.check;

import dev.drover.qcow2.check.Finding.Kind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts all findings and keeps the first ones of each kind: a bad image can have millions. */
public final class Findings {

  static final int KEPT_OF_A_KIND = 100;

  private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
  private final List<Finding> kept = new ArrayList<>();

  public void add(Kind kind, long imageOffset, String what) {
    if (counts.merge(kind, 1L, Long::sum) <= KEPT_OF_A_KIND) {
      kept.add(new Finding(kind, imageOffset, what));
    }
  }

  /** Adds {@code count} findings that one sentence covers. */
  public void add(Kind kind, long imageOffset, String what, long count) {
    if (counts.merge(kind, count, Long::sum) <= KEPT_OF_A_KIND) {
      kept.add(new Finding(kind, imageOffset, what));
    }
  }

  public long count(Kind kind) {
    return counts.getOrDefault(kind, 0L);
  }

  /** The first ones of each kind, in the order they were found. */
  public List<Finding> first() {
    return List.copyOf(kept);
  }
}
