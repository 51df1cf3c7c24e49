package dev.drover.qcow2;

import java.util.EnumSet;
import java.util.Set;

/**
 * Of which freed clusters the space goes back to the host, by punching a hole. Whatever it says, a
 * freed cluster is never taken for zeroes.
 *
 * @param classes those that are passed on
 */
public record PassDiscard(Set<DiscardClass> classes) {

  /** The default: whatever becomes free is given back. */
  public static final PassDiscard ALL = new PassDiscard(EnumSet.allOf(DiscardClass.class));

  /** The file keeps all the space that it ever had. */
  public static final PassDiscard NONE = new PassDiscard(Set.of());

  public PassDiscard {
    classes = Set.copyOf(classes);
  }

  public boolean passes(DiscardClass freed) {
    return classes.contains(freed);
  }

  /** The same, but for one class. */
  public PassDiscard with(DiscardClass freed, boolean passed) {
    Set<DiscardClass> next = EnumSet.noneOf(DiscardClass.class);
    next.addAll(classes);
    if (passed) {
      next.add(freed);
    } else {
      next.remove(freed);
    }
    return new PassDiscard(next);
  }
}
